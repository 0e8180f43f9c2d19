#pragma once

#include "core/workbench.h"
#include "widgets/state_marks.h"

#include <QWidget>

#include <array>

class QLabel;

namespace nanodit {

/// What is known of one record: id, split, sizes, caption, and the state of its four arrays.
class RecordFacts : public QWidget {
    Q_OBJECT

public:
    explicit RecordFacts(QWidget* parent = nullptr);
    void showRecord(const RecordInfo& record);
    void clear();

protected:
    void changeEvent(QEvent* event) override;

private:
    void paintMarks();

    QLabel *caption_, *id_, *split_, *sizes_, *problem_;
    std::array<QLabel*, 4> marks_{}, states_{};
    std::array<MarkState, 4> shown_{};
};

MarkState markOf(ArrayState state);

} // namespace nanodit
