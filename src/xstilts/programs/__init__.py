"""Questions as programs, and pictures as scenes: what both chains read and write of the system of modules.

The programs are GQA's (Hudson & Manning, CVPR 2019); what runs them is `xstilts.systems`. It stands beside `base`, and
imports nothing else.
"""
