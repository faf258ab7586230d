"""From what a system exported, or a folder that a person filled, to who handed in which work."""
