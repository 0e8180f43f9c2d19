#include "widgets/inspector_column.h"

#include "widgets/factories.h"
#include "widgets/fitted_combo_box.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QScrollBar>
#include <QVBoxLayout>

namespace nanodit {

namespace {
constexpr int betweenSections = 12, belowHeading = 8, besideScrollBar = 4;
} // namespace

InspectorColumn::InspectorColumn(QWidget* parent)
    : QScrollArea(parent)
    , column_(new QVBoxLayout)
{
    auto* const content = new QWidget;
    auto* const all = new QVBoxLayout(content);
    all->setContentsMargins(0, 0, besideScrollBar, 0);
    all->addLayout(column_);
    all->addStretch(1);
    column_->setSpacing(betweenSections);
    setWidget(content);
    setWidgetResizable(true);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
}

QSize InspectorColumn::minimumSizeHint() const
{
    const int content = widget()->minimumSizeHint().width();
    return {content + verticalScrollBar()->sizeHint().width(), QScrollArea::minimumSizeHint().height()};
}

void InspectorColumn::add(QWidget* content)
{
    column_->addWidget(content);
}

void InspectorColumn::addSection(const QString& heading, QWidget* content)
{
    auto* const section = new QVBoxLayout;
    section->setSpacing(belowHeading);
    section->addWidget(makeSection(heading, widget()));
    section->addWidget(content);
    column_->addLayout(section);
}

QFormLayout* makeFields()
{
    auto* const fields = new QFormLayout;
    fields->setContentsMargins(0, 0, 0, 0);
    fields->setHorizontalSpacing(12);
    fields->setVerticalSpacing(8);
    fields->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    return fields;
}

FittedComboBox* makeChoice(const QString& objectName, const QString& accessibleName, QWidget* parent)
{
    auto* const choice = new FittedComboBox(parent);
    choice->setObjectName(objectName);
    choice->setAccessibleName(accessibleName);
    choice->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    choice->setMinimumContentsLength(12);
    return choice;
}

} // namespace nanodit
