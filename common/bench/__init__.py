"""`./seckill bench`: what each stage can do, beside two references, in one run on one machine.

Data flows one way: `subjects` start, `peaks` and `spikes` load them, `figures` boils rounds down to medians,
`report` writes and shows. Nothing here is a proof: times differ from machine to machine. Compare ratios
within one run, and let tests assert only what is counted (common.proof.costs).
"""
