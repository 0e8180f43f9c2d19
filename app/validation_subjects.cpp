#include "app/validation_subjects.h"

#include <QCoreApplication>

#include <array>

namespace nanodit {

QString subjectName(const ValidationSubject& subject)
{
    const auto name = QCoreApplication::translate("Validation", "%1 \u00b7 step %2")
                          .arg(QString::fromStdString(subject.run), QString::number(subject.step));
    return subject.raw ? QCoreApplication::translate("Validation", "%1 \u00b7 raw weights").arg(name) : name;
}

QString taskTitle(ValidationTask task)
{
    const std::array titles = {QCoreApplication::translate("Validation", "Reconstruction"),
                               QCoreApplication::translate("Validation", "DINO swap"),
                               QCoreApplication::translate("Validation", "Text only"),
                               QCoreApplication::translate("Validation", "Text manipulation"),
                               QCoreApplication::translate("Validation", "Text over DINO"),
                               QCoreApplication::translate("Validation", "Region edit")};
    return titles[static_cast<std::size_t>(task)];
}

} // namespace nanodit
