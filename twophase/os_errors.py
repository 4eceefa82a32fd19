"""What the system says of a file or a socket that cannot be had, in words for a sentence."""


def why(error: OSError) -> str:
    """Give the system's reason alone: whoever says this names the file in words of their own."""
    return (error.strerror or str(error)).lower()
