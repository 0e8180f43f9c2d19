#pragma once

#include <QWidget>

class QLabel;
class QPlainTextEdit;
class QToolButton;

namespace nanodit {

/// A caption that turns into a field when it is to be edited. Ctrl+Enter keeps what was written, Esc does not, and
/// leaving the field keeps it too.
class CaptionEditor : public QWidget {
    Q_OBJECT

public:
    explicit CaptionEditor(QWidget* parent = nullptr);
    /// Leaves what is being edited as it is unless `id` is another record.
    void show(const QString& id, const QString& caption);
    void edit();
    /// Ends the editing; `keep`: what was written counts.
    void finish(bool keep);

Q_SIGNALS:
    void edited(const QString& id, const QString& caption);
    void left(); ///< By a key; the focus was in the field.

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QLabel* text_;
    QToolButton* pencil_;
    QWidget* editing_;
    QPlainTextEdit* field_;
    QString id_, caption_;
};

} // namespace nanodit
