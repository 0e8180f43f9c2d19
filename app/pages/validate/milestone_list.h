#pragma once

#include "core/front/validation.h"

#include <QWidget>

class QGridLayout;

namespace nanodit {

/// The plan's check list: a mark that is told by shape and colour, what it asks, what was found. What was expected is
/// its tool tip.
class MilestoneList : public QWidget {
    Q_OBJECT

public:
    explicit MilestoneList(QWidget* parent = nullptr);
    void setMilestones(const std::vector<Milestone>& milestones);

private:
    QGridLayout* grid_;
};

} // namespace nanodit
