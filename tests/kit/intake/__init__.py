"""Hand-ins as people save them and systems export them, each with what is right, and classes of 40 made of them."""
