"""SageMaker's training jobs, S3 and the candidate's own machine on one virtual clock: for unit tests and benchmarks.

`account.VirtualAccount` joins the clock and the clients; `fates.Fate` is what becomes of a job,
`assumptions.Assumptions` what SageMaker does.
"""
