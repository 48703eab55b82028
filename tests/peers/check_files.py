#!/usr/bin/env python3
"""Checks the files that the peers program wrote for a group, if the group has a check.

    check_files.py GROUP DIRECTORY
"""
import importlib
import pathlib
import sys

group, directory = sys.argv[1:]
check = getattr(importlib.import_module(group), 'check', None)
if check is not None:
    check(pathlib.Path(directory) / group)
