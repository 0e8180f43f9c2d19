#pragma once

#include <QPlainTextEdit>

namespace nanodit {

/// A prompt of one or several lines: Enter submits it, Shift+Enter begins a line. As high as its text, up to four
/// lines; what a model does not read of it is struck out.
class PromptEdit : public QPlainTextEdit {
    Q_OBJECT

public:
    explicit PromptEdit(QWidget* parent = nullptr);
    ~PromptEdit() override;

    QString text() const { return toPlainText(); }
    /// Unlike what is typed, not a change by the user.
    void setText(const QString& text);
    bool isModified() const; ///< By the user, since the last setText.
    /// What lies behind so many characters is marked as cut off; beyond the text: nothing is.
    void setKept(int characters);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void submitted();

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void insertFromMimeData(const QMimeData* source) override;
    bool canInsertFromMimeData(const QMimeData* source) const override;

private:
    class CutMarker;
    int lines() const; ///< As they wrap now.
    void fitHeight();

    CutMarker* marker_;
};

} // namespace nanodit
