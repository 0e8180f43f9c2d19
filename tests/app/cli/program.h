#pragma once

#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>

#include <filesystem>

namespace nanodit::test {

inline QString text(const std::filesystem::path& path)
{
    return QString::fromStdString(path.string());
}

/// How a run of the program `nanodit` ended.
struct ProgramResult {
    int exitCode = -1;
    QString out, errors;
    QJsonObject json() const { return QJsonDocument::fromJson(out.toUtf8()).object(); }
};

inline ProgramResult runProgram(const QStringList& arguments, int milliseconds = 300000, const QString& folder = {})
{
    QProcess process;
    process.setWorkingDirectory(folder);
    process.start(NANODIT_PROGRAM, arguments);
    ProgramResult result;
    if (process.waitForFinished(milliseconds) && process.exitStatus() == QProcess::NormalExit)
        result.exitCode = process.exitCode();
    result.out = QString::fromUtf8(process.readAllStandardOutput());
    result.errors = QString::fromUtf8(process.readAllStandardError());
    return result;
}

} // namespace nanodit::test
