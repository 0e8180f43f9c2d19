#include "app/validation_subjects.h"

#include <QCoreApplication>

namespace nanodit {

QString subjectName(const ValidationSubject& subject)
{
    const auto name = QCoreApplication::translate("Validation", "%1 \u00b7 step %2")
                          .arg(QString::fromStdString(subject.run), QString::number(subject.step));
    return subject.raw ? QCoreApplication::translate("Validation", "%1 \u00b7 raw weights").arg(name) : name;
}

} // namespace nanodit
