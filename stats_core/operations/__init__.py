"""Operations: what can be asked of an entity. One file each; `DATA_OPERATIONS` in `data.py` lists them."""
