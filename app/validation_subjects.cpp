#include "app/validation_subjects.h"

#include <QCoreApplication>

#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// "step-00002000" -> 2000
std::optional<qint64> stepOf(const fs::path& folder)
{
    bool isNumber = false;
    const auto step =
        QString::fromStdString(folder.filename().string()).section(QLatin1Char('-'), -1).toLongLong(&isNumber);
    return isNumber ? std::optional(step) : std::nullopt;
}

} // namespace

QString ValidationSubject::name() const
{
    return QCoreApplication::translate("Validation", "%1 \u00b7 step %2").arg(run, QString::number(step));
}

std::vector<ValidationSubject> validationSubjects(const std::vector<RunInfo>& runs)
{
    std::vector<ValidationSubject> subjects;
    for (const auto& run : runs) {
        std::map<qint64, ValidationSubject, std::greater<>> bySteps;
        const auto entry = [&](qint64 step) -> ValidationSubject& {
            auto& subject = bySteps[step];
            subject.run = QString::fromStdString(run.name);
            subject.step = step;
            return subject;
        };
        for (const auto& checkpoint : run.checkpoints) {
            if (const auto step = stepOf(checkpoint))
                entry(*step).checkpoint = checkpoint;
        }
        std::error_code none;
        for (const auto& report : fs::directory_iterator(run.folder / "validation", none)) {
            const auto step = stepOf(report.path());
            if (step && fs::exists(report.path() / "report.json", none))
                entry(*step).report = report.path();
        }
        for (auto& [step, subject] : bySteps)
            subjects.push_back(std::move(subject));
    }
    return subjects;
}

} // namespace nanodit
