#pragma once

#include "core/front/training.h"

#include <QWidget>

#include <optional>
#include <vector>

class QLabel;

namespace nanodit {

class MatrixView;

/// How what cross attention does develops while a run trains: what text, CLS and patches add, the alignment and the
/// radii of the heads, by block (row) and measured step (column), with the step where patches break through marked.
class MechanismView : public QWidget {
    Q_OBJECT

public:
    explicit MechanismView(QWidget* parent = nullptr);
    /// Steps that measured attention, ascending, and the one from which patches are used; none shows what will be here.
    void showSteps(const std::vector<StepMetrics>& measured, std::optional<std::int64_t> breakThrough);

private:
    std::vector<MatrixView*> views_;
    QLabel* about_;
};

} // namespace nanodit
