#include "app/pages/validate/milestone_list.h"

#include "widgets/icons.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QGridLayout>
#include <QLabel>

#include <array>

namespace nanodit {

namespace {
constexpr int milestoneSide = 16;
}

MilestoneList::MilestoneList(QWidget* parent)
    : QWidget(parent)
    , grid_(new QGridLayout(this))
{
    grid_->setContentsMargins(0, 0, 0, 0);
    grid_->setHorizontalSpacing(8);
    grid_->setVerticalSpacing(0);
    grid_->setColumnStretch(1, 1);
}

void MilestoneList::setMilestones(const std::vector<Milestone>& milestones)
{
    while (auto* const item = grid_->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    const std::array marks = {icon(QStringLiteral("check"), Hue::Blue), icon(QStringLiteral("clear"), Hue::Vermillion),
                              icon(QStringLiteral("dash"), Hue::Grey)};
    const std::array states = {tr("Met"), tr("Missed"), tr("Not known")};
    int row = 0;
    for (const auto& milestone : milestones) {
        const auto state = static_cast<std::size_t>(milestone.state);
        const auto tip = toolTipOf(tr("Expected: %1").arg(QString::fromStdString(milestone.expected)));
        auto* const mark = new QLabel(this);
        mark->setPixmap(marks[state].pixmap(milestoneSide, milestoneSide));
        mark->setAccessibleName(states[state]);
        mark->setToolTip(states[state]);
        auto* const name = new QLabel(QString::fromStdString(milestone.name), this);
        auto* const found = new QLabel(QString::fromStdString(milestone.found), this);
        setRole(found, "small");
        for (auto* const label : {name, found}) {
            label->setTextFormat(Qt::PlainText);
            label->setWordWrap(true);
            label->setToolTip(tip);
        }
        found->setContentsMargins(0, 0, 0, 6);
        grid_->addWidget(mark, row, 0, Qt::AlignTop);
        grid_->addWidget(name, row, 1);
        grid_->addWidget(found, row + 1, 1);
        row += 2;
    }
}

} // namespace nanodit
