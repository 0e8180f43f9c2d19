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
    /// With a button that copies both. Of a long `why` the first sentence is shown, and the rest on demand.
    void showFailure(const QString& what, const QString& why);
    /// Also with a button that asks for what helps, and closes the banner.
    void showFailure(const QString& what, const QString& why, const Remedy& remedy, const QString& action);

Q_SIGNALS:
    void remedyWanted(const nanodit::Remedy& remedy);

private:
    void show(const QString& drawing, bool failure, const QString& what, const QString& why);
    void showText();

    QLabel* drawing_;
    QLabel* text_;
    QPushButton* act_;
    QToolButton *more_, *copy_;
    std::optional<Remedy> remedy_;
    bool failure_ = false;
    QString what_, why_;
};

/// What a long or many-lined text begins with: its first sentence, without the line break; the whole where it is short.
QString firstSentence(const QString& text);

} // namespace nanodit
