#pragma once

#include "core/front/attention.h"

#include <QWidget>

class QLabel;

namespace nanodit {

class MatrixView;

/// Whether a model looks where it paints: mass between rows and between columns, a diagonal when it does, and the
/// alignment score beside that of an attention that is the same everywhere.
class DiagonalPanel : public QWidget {
    Q_OBJECT

public:
    explicit DiagonalPanel(QWidget* parent = nullptr);
    void showSummaries(const AttentionScene& scene, const AttentionSummaries& summaries, const AttentionPart& part);
    void clear();

Q_SIGNALS:
    void partChosen(const nanodit::AttentionPart& part);

private:
    MatrixView *rows_, *columns_, *alignment_, *entropy_;
    QLabel* sentence_;
};

} // namespace nanodit
