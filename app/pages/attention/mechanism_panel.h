#pragma once

#include "core/front/attention.h"

#include <QWidget>

class QLabel;

namespace nanodit {

class MatrixView;

/// What comes of attention in each block: the mass on text, CLS and patches beside what they add, the tokens on which
/// attention only rests, and how far the heads' spatial priors reach.
class MechanismPanel : public QWidget {
    Q_OBJECT

public:
    explicit MechanismPanel(QWidget* parent = nullptr);
    void showSummaries(const AttentionScene& scene, const AttentionSummaries& summaries, const AttentionPart& part);
    void clear();

Q_SIGNALS:
    void partChosen(const nanodit::AttentionPart& part);

private:
    MatrixView *mass_, *adds_, *radii_;
    QLabel* sinks_;
};

} // namespace nanodit
