"""The product's face: the command, and the wiring of everything below."""
