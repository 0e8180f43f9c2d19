#pragma once

#include <QScrollArea>

class QFormLayout;
class QVBoxLayout;

namespace nanodit {

class FittedComboBox;

/// The content of an inspector: sections below each other, which scroll when they are higher than the page.
class InspectorColumn : public QScrollArea {
    Q_OBJECT

public:
    explicit InspectorColumn(QWidget* parent = nullptr);

    /// Below what is there. Hidden content leaves no gap.
    void add(QWidget* content);
    /// The same under a heading.
    void addSection(const QString& heading, QWidget* content);
    /// Wide enough for the content beside the scroll bar: it never scrolls sideways.
    QSize minimumSizeHint() const override;

private:
    QVBoxLayout* column_;
};

/// Labels and fields side by side, without a margin; not yet anybody's layout.
QFormLayout* makeFields();
/// A list to choose one of: as narrow as the inspector, however long its entries are.
FittedComboBox* makeChoice(const QString& objectName, const QString& accessibleName, QWidget* parent);

} // namespace nanodit
