#pragma once

#include "widgets/colours.h"

#include <QAbstractButton>

#include <optional>
#include <vector>

class QButtonGroup;

namespace nanodit {

/// A number with its uncertainty, and how it stands to another.
struct ValueCardLook {
    QString key, title, value, spread, count, help;
    QString change;           ///< A line below, with its arrow; empty for none.
    std::optional<Hue> hue{}; ///< Of that line, where it is good or bad.
    bool choosable = true;
};

/// One card; chosen by click, Space or the arrow keys.
class ValueCard : public QAbstractButton {
    Q_OBJECT

public:
    explicit ValueCard(QWidget* parent = nullptr);
    void setLook(const ValueCardLook& look, bool withChange);
    const ValueCardLook& look() const { return look_; }
    QSize sizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    ValueCardLook look_;
    bool withChange_ = false; ///< Keeps the line's place also where this card has none.
};

/// Cards of equal size in as many columns as fit, one of which may be chosen. As high as its rows need.
class ValueCards : public QWidget {
    Q_OBJECT

public:
    explicit ValueCards(QWidget* parent = nullptr);
    void setCards(const std::vector<ValueCardLook>& cards);
    /// No signal follows.
    void choose(const QString& key);
    QString chosen() const;
    const std::vector<ValueCard*>& cards() const { return cards_; }

    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

Q_SIGNALS:
    void cardChosen(const QString& key);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    int columnsFor(int width) const;
    void arrange();

    QButtonGroup* group_;
    std::vector<ValueCard*> cards_;
};

} // namespace nanodit
