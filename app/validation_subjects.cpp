#include "app/validation_subjects.h"

#include <QCoreApplication>

namespace nanodit {

QString subjectName(const ValidationSubject& subject)
{
    return QCoreApplication::translate("Validation", "%1 \u00b7 step %2")
        .arg(QString::fromStdString(subject.run), QString::number(subject.step));
}

} // namespace nanodit
