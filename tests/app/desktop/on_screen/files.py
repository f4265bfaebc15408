"""Another program's window, out of which a file can be dragged, as a file manager's.

python -m tests.app.desktop.on_screen.files FILE
"""

import sys

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel

PLACE = (20, 20, 120, 120)
MIDDLE = (80, 80)


class File(QLabel):
    """Hands the file to whoever it is dropped on."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(sys.argv[1])])
        drag = QDrag(self)
        drag.setMimeData(mime)
        drag.exec(Qt.DropAction.CopyAction)


if __name__ == "__main__":
    application = QApplication(sys.argv[:1])
    file = File("A file")
    file.setGeometry(*PLACE)
    file.show()
    sys.stdout.write("shown\n")
    sys.stdout.flush()
    sys.exit(application.exec())
