"""Reads exports as their users do, and prints what it found as JSON."""

import glob
import json
import sys


def told(value):
    """A value as text that is the same whoever read it."""
    import pandas

    if value is None or value is pandas.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, pandas.Timestamp):
        return value.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value == int(value):
        return int(value)
    return value


def frame(table):
    rows = [{name: told(value) for name, value in row.items()} for row in table.to_dict("records")]
    return {"rows": rows, "types": {name: str(kind) for name, kind in table.dtypes.items()}}


def pandas_csv(path):
    import pandas

    table = pandas.read_csv(path)
    for name in ("timestamp", "slot", "from", "to"):
        if name in table:
            table[name] = pandas.to_datetime(table[name])
    return frame(table)


def pandas_jsonl(path):
    import pandas

    return frame(pandas.read_json(path, lines=True, convert_dates=["timestamp", "slot", "from", "to"], dtype=False))


def pandas_parquet(path):
    import pandas

    return frame(pandas.read_parquet(path, engine="pyarrow"))


def duckdb_parquet(path):
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.execute("SELECT * FROM read_parquet(?)", [path])
    types = {column[0]: str(column[1]) for column in found.description}
    rows = [
        {name: value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if hasattr(value, "strftime") else value for name, value in zip(types, row)}
        for row in found.fetchall()
    ]
    groups = connection.execute("SELECT count(DISTINCT row_group_id) FROM parquet_metadata(?)", [path]).fetchone()[0]
    creator = connection.execute("SELECT created_by FROM parquet_file_metadata(?)", [path]).fetchone()[0]
    return {"rows": rows, "types": types, "groups": groups, "creator": creator}


def shards_of(folder):
    return sorted(glob.glob(folder + "/*.tar")) if not folder.endswith(".tar") else [folder]


def masks_of(shard):
    """The gap masks of a shard by their keys, as docs/guide/export.md has it."""
    import tarfile

    with tarfile.open(shard) as tar:
        entries = [entry for entry in tar if entry.name.startswith("__masks__/")]
        return {entry.name.removeprefix("__masks__/"): json.load(tar.extractfile(entry)) for entry in entries}


def webdataset(folder):
    """Every sample, and for each picture the answer of its slot, found by the mask that is in its shard."""
    import hashlib

    import webdataset

    shards = shards_of(folder)
    pictures, masks = [], {}
    for shard in shards:
        seen = masks_of(shard)
        masks |= seen
        for sample in webdataset.WebDataset([shard], shardshuffle=False):
            fields = json.loads(sample["json"])
            assert hashlib.sha256(sample["jpg"]).hexdigest() == fields["sha256"], sample["__key__"]
            answer = seen[fields["mask_key"]]["answers"][fields["slot_index"]]
            pictures.append({"key": sample["__key__"], "id": fields["id"], "answer": answer})
    return {"shards": len(shards), "pictures": pictures, "masks": masks}


def webdataset_tuples(folder):
    """What the usual call of trainers makes of shards."""
    import webdataset

    tuples = webdataset.WebDataset(shards_of(folder), shardshuffle=False).to_tuple("jpg", "json")
    return [[len(picture), json.loads(fields)["key"]] for picture, fields in tuples]


print(json.dumps(globals()[sys.argv[1]](*sys.argv[2:])))
