"""A user's program that works through the rows that draywatch makes, with the models of the catalog's tests.

    handle_rows.py v1|v2 DATABASE CAMERA SINCE COUNT
        until it has handled COUNT rows of the camera since that day: every fifth is deleted, the others are marked as
        processed; prints the paths of both as JSON
"""

import json
import sys
from datetime import datetime
from time import monotonic, sleep

from legacy_models import image_v1, image_v2
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

PATIENCE = 120


def main():
    shape, database, camera, since, count = sys.argv[1:]
    image, path_column = image_v1() if shape == "v1" else image_v2()
    sessions = sessionmaker(create_engine(f"sqlite:///{database}"))
    marked, deleted, began = [], [], monotonic()
    while len(marked) + len(deleted) < int(count):
        with sessions.begin() as session:
            waiting = session.query(image).filter(image.processed.is_(False), image.camera_id == camera)
            row = waiting.filter(image.timestamp >= datetime.fromisoformat(since)).order_by(image.timestamp).first()
            if row is not None:
                path = getattr(row, path_column)
                if (len(marked) + len(deleted)) % 5 == 4:
                    session.delete(row)
                    deleted.append(path)
                else:
                    row.processed = True
                    marked.append(path)
        assert monotonic() - began < PATIENCE, f"only {len(marked) + len(deleted)} of {count} rows came"
        if row is None:
            sleep(0.02)
    print(json.dumps({"marked": marked, "deleted": deleted}))


main()
