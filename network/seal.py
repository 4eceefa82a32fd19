"""Checksums: how a receiver finds a frame that was damaged on its way, before it reads it."""

from zlib import crc32

SEAL_BYTES = 4


def sealed(frame: bytes) -> bytes:
    """Put a frame's checksum in front of it."""
    return crc32(frame).to_bytes(SEAL_BYTES, "big") + frame


def opened(travelled: bytes) -> bytes | None:
    """Return the frame that was sealed; None if it was damaged."""
    frame = travelled[SEAL_BYTES:]
    return frame if is_whole(frame, travelled[:SEAL_BYTES]) else None


def is_whole(frame: bytes, seal: bytes) -> bool:
    """Say whether a frame is the one that the checksum is of."""
    return crc32(frame).to_bytes(SEAL_BYTES, "big") == seal


def damaged(travelling: bytes, draw: int) -> bytes:
    """Change one byte; `draw`, below 255 for each byte, says which and into what."""
    place, change = divmod(draw, 255)
    changed = travelling[place] ^ (change + 1)
    return travelling[:place] + bytes([changed]) + travelling[place + 1 :]
