"""What an experiment can choose: estimators, splitters and metrics, one file for each kind of thing.

An entry is a declaration, which needs the standard library only, and a builder, which imports what it builds with when
it is called. A new entry is a class in a file of this package, new or one that its family has, and one line in its
table. The file must be among those that are shipped to SageMaker: `warmfold_run.sources` says which.
"""
