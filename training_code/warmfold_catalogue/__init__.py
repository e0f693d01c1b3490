"""What an experiment can choose: estimators, splitters and metrics, one file for each kind of thing.

An entry is a declaration, which needs the standard library only, and a builder, which imports what it builds with when
it is called. A new entry is one new file and one line in its table; the file may be anywhere on Python's path.
"""
