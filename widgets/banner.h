#pragma once

#include <QFrame>

class QLabel;
class QToolButton;

namespace nanodit {

/// A sentence at the top of a page, until it is closed or replaced: how something ended, or why it failed.
class Banner : public QFrame {
    Q_OBJECT

public:
    explicit Banner(QWidget* parent = nullptr);
    void showNotice(const QString& text);
    /// With a button that copies both.
    void showFailure(const QString& what, const QString& why);

private:
    void show(const QString& drawing, bool failure, const QString& what, const QString& why);

    QLabel* drawing_;
    QLabel* text_;
    QToolButton* copy_;
    QString details_;
};

} // namespace nanodit
