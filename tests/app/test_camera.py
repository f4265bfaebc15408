"""Cameras by name and number, and one that is not there."""

import json
from pathlib import Path

import pytest

from app import camera
from app.camera import CameraDevice, SystemCameras, read_system_profiler
from mlx_model.errors import InputError


def test_cameras_of_a_mac_are_numbered_as_opencv_does_by_their_ids() -> None:
    rows = [
        {"_name": "Studio Display Camera", "spcamera_unique-id": "0x2"},
        {"_name": "FaceTime HD Camera", "spcamera_unique-id": "0x1"},
    ]
    text = json.dumps({"SPCameraDataType": rows}).encode()
    assert read_system_profiler(text) == [
        CameraDevice(0, "FaceTime HD Camera"),
        CameraDevice(1, "Studio Display Camera"),
    ]


def test_linux_names_each_camera_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, index in (("video2", "0"), ("video0", "0"), ("video1", "1")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index").write_text(index + "\n")
    monkeypatch.setattr(camera, "LINUX_CAMERAS", tmp_path)
    monkeypatch.setattr("sys.platform", "linux")
    assert SystemCameras().list() == [CameraDevice(0, "Camera 0"), CameraDevice(2, "Camera 2")]


def test_a_camera_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(InputError, match="Camera 99 gives no pictures: it is unplugged"):
        SystemCameras().open(CameraDevice(99, "Camera 99"), (640, 480))
