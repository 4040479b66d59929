"""Small SQLAlchemy models of the two shapes of `images`, used as the users' programs use theirs.

    legacy_models.py v1|v2 DATABASE read
        reads every row through the model; prints them as JSON
    legacy_models.py v1|v2 DATABASE work NAME ROUNDS
        inserts, updates and deletes rows of the camera NAME in short transactions, then verifies that every one of them
        is as it was left; prints counts as JSON; ends with status 1 when anything is lost, or ever was locked out
"""

import json
import sys
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import Boolean, Column, DateTime, Float, ForeignKey, Index, Integer, String, create_engine, func
from sqlalchemy.orm import declarative_base, relationship, sessionmaker

Base = declarative_base()


def utcnow():
    return datetime(2025, 9, 8, 12, 0, 0, 137185)


class Detection(Base):
    __tablename__ = "detections"
    id = Column(Integer, primary_key=True)
    image_id = Column(Integer, ForeignKey("images.id"), nullable=False)
    confidence = Column(Float, nullable=False)
    image = relationship("Image", back_populates="detections")


def image_v1():
    class Image(Base):
        __tablename__ = "images"
        id = Column(Integer, primary_key=True)
        timestamp = Column(DateTime, nullable=False)
        filepath = Column(String(500), nullable=False, unique=True)
        camera_id = Column(String(100), nullable=False)
        processed = Column(Boolean, nullable=False, default=False)
        file_size = Column(Integer)
        created_at = Column(DateTime, default=utcnow)
        detections = relationship("Detection", back_populates="image")
        __table_args__ = (Index("idx_image_camera_timestamp", "camera_id", "timestamp"),)

    return Image, "filepath"


def image_v2():
    class Image(Base):
        __tablename__ = "images"
        id = Column(Integer, primary_key=True)
        timestamp = Column(DateTime, nullable=False)
        image_path = Column(String(500), nullable=False, unique=True)
        filepath = Column(String(500))
        camera_id = Column(String(100), nullable=False)
        processed = Column(Boolean, nullable=False, default=False)
        file_size = Column(Integer)
        detection_count = Column(Integer, default=0)
        created_at = Column(DateTime, default=utcnow)
        detections = relationship("Detection", back_populates="image")
        __table_args__ = (Index("idx_image_path", "image_path"),)

    return Image, "image_path"


def read(session, image, path_column):
    rows = session.query(image).order_by(image.id).all()
    per_day = session.query(func.date(image.timestamp), func.count()).group_by(func.date(image.timestamp)).all()
    newest = session.query(image).order_by(image.timestamp.desc()).limit(3).all()
    waiting = session.query(image).filter(image.processed.is_(False)).order_by(image.timestamp).all()
    listed = [
        [row.id, row.timestamp.isoformat(), getattr(row, path_column), row.camera_id, row.processed, row.file_size]
        for row in rows
    ]
    assert all(row.created_at is None or isinstance(row.created_at, datetime) for row in rows)
    assert sum(count for _, count in per_day) == len(rows) and len(newest) == min(3, len(rows))
    return {"rows": listed, "waiting": len(waiting)}


def work(sessions, image, path_column, name, rounds):
    alive, deleted, start, slowest = {}, [], datetime(2025, 9, 1), 0.0
    for number in range(rounds):
        began = monotonic()
        path = f"data/images/2025-09-01/{number}_{name}.jpg"
        values = {path_column: path, "camera_id": name, "timestamp": start + timedelta(minutes=number), "file_size": number}
        with sessions.begin() as session:
            row = image(**values)
            session.add(row)
            session.flush()
            alive[row.id] = {"path": path, "processed": False, "file_size": number}
        if number % 2:
            with sessions.begin() as session:
                mine = session.query(image).filter(image.processed.is_(False), image.camera_id == name)
                row = mine.order_by(image.timestamp).first()
                row.processed = True
                alive[row.id]["processed"] = True
                if path_column == "image_path":
                    row.detection_count = 7
        if number % 5 == 4:
            with sessions.begin() as session:
                oldest = min(alive)
                assert session.query(image).filter(image.id == oldest).delete() == 1
                deleted.append(oldest)
                del alive[oldest]
        slowest = max(slowest, monotonic() - began)
    print(f"{name}: the slowest round took {slowest:.3f} s", file=sys.stderr)
    with sessions() as session:
        found = {row.id: row for row in session.query(image).filter(image.camera_id == name)}
        assert set(found) == set(alive), f"rows lost or come back: {set(found) ^ set(alive)}"
        for key, want in alive.items():
            row = found[key]
            have = {"path": getattr(row, path_column), "processed": row.processed, "file_size": row.file_size}
            assert have == want, f"{have} is not {want}"
            other = session.connection().exec_driver_sql(f"SELECT filepath, image_path FROM images WHERE id = {key}")
            assert other.one() == (want["path"], want["path"])
    return {"alive": len(alive), "deleted": len(deleted)}


def main():
    shape, database, command, *rest = sys.argv[1:]
    image, path_column = image_v1() if shape == "v1" else image_v2()
    sessions = sessionmaker(create_engine(f"sqlite:///{database}"))
    if command == "read":
        with sessions() as session:
            print(json.dumps(read(session, image, path_column)))
    else:
        print(json.dumps(work(sessions, image, path_column, rest[0], int(rest[1]))))


if __name__ == "__main__":
    main()
