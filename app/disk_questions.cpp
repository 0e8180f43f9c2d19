#include "app/disk_questions.h"

#include <QMetaObject>

namespace nanodit {

void DiskQuestions::Line::hand(std::function<void()> answer)
{
    const std::lock_guard lock(mutex);
    if (end != nullptr)
        QMetaObject::invokeMethod(end, std::move(answer), Qt::QueuedConnection);
}

DiskQuestions::DiskQuestions(QObject* parent)
    : QObject(parent)
    , line_(std::make_shared<Line>())
{
    line_->end = this;
}

DiskQuestions::~DiskQuestions()
{
    const std::lock_guard lock(line_->mutex);
    line_->end = nullptr;
}

} // namespace nanodit
