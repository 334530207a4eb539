"""The commands of `khokahano`, one file each; `ops/cli.py` lists them."""
