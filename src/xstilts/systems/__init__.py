"""Ways from question to answer beside the encoder's answer head: layouts of modules, run on a scene.

The system of Cao & Jiang (Modularized Zero-shot VQA with Pre-trained Models, Findings of ACL 2023), on the programs of
GQA (Hudson & Manning, CVPR 2019): a question becomes a layout of modules, and the layout is run on what was perceived.
"""
