# SPDX-License-Identifier: Apache-2.0
"""The parts of bench/run.py: one module for each thing it does."""
