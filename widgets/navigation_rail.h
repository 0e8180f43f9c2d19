#pragma once

#include <QFrame>

#include <vector>

class QButtonGroup;
class QKeySequence;
class QToolButton;
class QVBoxLayout;

namespace nanodit {

/// The strip at the window's left: a drawing and a word per page, tools at the bottom.
class NavigationRail : public QFrame {
    Q_OBJECT

public:
    explicit NavigationRail(QWidget* parent = nullptr);
    /// Pages are numbered in the order in which they are added, from 0. `keys` show it, as its help says.
    void addPage(const QString& word, const QString& drawing, const QKeySequence& keys);
    QToolButton* addTool(const QString& word, const QString& drawing);
    void setCurrent(int page);
    void setPagesEnabled(bool enabled);

Q_SIGNALS:
    void pageChosen(int page);

private:
    QToolButton* makeButton(const QString& word, const QString& drawing);

    QVBoxLayout* column_;
    QButtonGroup* pages_;
};

} // namespace nanodit
