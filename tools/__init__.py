"""What `make` runs on the tree itself: checks, and the writing of pages from the code. Neither shipped nor deployed."""
