"""docs/reference, written from the code that it is about: `make reference`. A test holds the pages against the code.

A page is a module here with `page()`; TABLE in `pages` says which file each becomes.
"""
