#pragma once

#include "core/runtime/remedy.h"

#include <QFrame>

#include <optional>

class QLabel;
class QPushButton;
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
    /// Also with a button that asks for what helps, and closes the banner.
    void showFailure(const QString& what, const QString& why, const Remedy& remedy, const QString& action);

Q_SIGNALS:
    void remedyWanted(const nanodit::Remedy& remedy);

private:
    void show(const QString& drawing, bool failure, const QString& what, const QString& why);

    QLabel* drawing_;
    QLabel* text_;
    QPushButton* act_;
    QToolButton* copy_;
    std::optional<Remedy> remedy_;
    QString details_;
};

} // namespace nanodit
