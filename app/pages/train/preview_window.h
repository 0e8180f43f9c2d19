#pragma once

#include <QDialog>

class QLabel;

namespace nanodit {

class ImageCanvas;

/// A preview, enlarged, with its caption. The arrows ask for the pictures beside it; Escape closes it.
class PreviewWindow : public QDialog {
    Q_OBJECT

public:
    explicit PreviewWindow(QWidget* parent = nullptr);
    /// The first line of `caption` is the title.
    void showPicture(const QImage& picture, const QString& caption);

Q_SIGNALS:
    /// One column or one row further, 1 or -1.
    void neighbourWanted(int columns, int rows);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    ImageCanvas* canvas_;
    QLabel* caption_;
};

} // namespace nanodit
