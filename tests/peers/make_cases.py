#!/usr/bin/env python3
"""Writes cases for the peers program: inputs, and what PyTorch and NumPy make of them.

    make_cases.py GROUP DIRECTORY
"""
import importlib
import sys

import torch

torch.set_num_threads(1)
group, directory = sys.argv[1:]
importlib.import_module(group).make().write(directory)
