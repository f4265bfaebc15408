"""Checks of what macOS decides: pictures through `sips`, the camera, the screen. Elsewhere each is skipped.

Permissions are asked of the system's frameworks by ctypes, since no package of ours binds them, and never requested: a
self-test must not open a question on the screen. macOS counts the terminal as the one who asks.
https://developer.apple.com/documentation/avfoundation/avcapturedevice/authorizationstatus(for:)
"""

import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

from app.doctor.outcome import Found, failed, passed, skipped

NOT_A_MAC = "no Mac"
FRAMEWORKS = "/System/Library/Frameworks"
CAMERA_STATES = ("not asked yet", "forbidden by this Mac's restrictions", "denied", "granted")
SETTINGS = "System Settings, Privacy & Security"


def heic(_: None) -> Found:
    """A sample picture made HEIC by `sips`, and read as a user's would be."""
    if sys.platform != "darwin":
        return skipped(NOT_A_MAC)
    import assets
    from mlx_model.media.image_files import open_image

    sample = assets.path("samples") / "scene-2.png"
    with tempfile.TemporaryDirectory(prefix="smolsight-") as folder:
        made = Path(folder) / "scene.heic"
        command = ["sips", "-s", "format", "heic", str(sample), "--out", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode or not made.is_file():
            return failed(f"sips could not write a HEIC picture to try ({done.stderr.strip() or done.returncode})")
        read, expected = open_image(made), open_image(sample)
    if read.size != expected.size:
        return failed(f"a HEIC picture of {expected.size} was read as one of {read.size}")
    return passed("a HEIC picture was read through sips")


def camera(_: None) -> Found:
    """Whether the camera may be used; a denial is a failure, since only the user can change it."""
    if sys.platform != "darwin":
        return skipped(NOT_A_MAC)
    state = CAMERA_STATES[_camera_state()]
    if state in ("granted", "not asked yet"):
        return passed(f"permission {state}")
    return failed(f"permission {state}: allow your terminal in {SETTINGS}, Camera")


def screen_capture(_: None) -> Found:
    """Whether the screen may be recorded: without it a screenshot shows the wallpaper alone."""
    if sys.platform != "darwin":
        return skipped(NOT_A_MAC)
    graphics = ctypes.CDLL(f"{FRAMEWORKS}/CoreGraphics.framework/CoreGraphics")
    graphics.CGPreflightScreenCaptureAccess.restype = ctypes.c_bool
    if graphics.CGPreflightScreenCaptureAccess():
        return passed("permission granted")
    return failed(f"no permission: allow your terminal in {SETTINGS}, Screen & System Audio Recording")


def _camera_state() -> int:
    """[AVCaptureDevice authorizationStatusForMediaType:AVMediaTypeVideo]"""
    ctypes.CDLL(f"{FRAMEWORKS}/AVFoundation.framework/AVFoundation")
    objc = ctypes.CDLL("/usr/lib/libobjc.dylib")
    objc.objc_getClass.restype = objc.sel_registerName.restype = ctypes.c_void_p
    objc.objc_getClass.argtypes = objc.sel_registerName.argtypes = [ctypes.c_char_p]

    def send(receiver: int, selector: bytes, result: type, kind: type, argument: object) -> int:
        called = ctypes.CFUNCTYPE(result, ctypes.c_void_p, ctypes.c_void_p, kind)(("objc_msgSend", objc))
        return int(called(receiver, objc.sel_registerName(selector), argument))

    video = send(objc.objc_getClass(b"NSString"), b"stringWithUTF8String:", ctypes.c_void_p, ctypes.c_char_p, b"vide")
    device = objc.objc_getClass(b"AVCaptureDevice")
    return send(device, b"authorizationStatusForMediaType:", ctypes.c_long, ctypes.c_void_p, video)
