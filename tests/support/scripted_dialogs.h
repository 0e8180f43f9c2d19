#pragma once

#include "app/dialogs.h"

#include <functional>
#include <utility>

namespace nanodit::test {

/// Answers as the test says.
class ScriptedDialogs : public Dialogs {
public:
    QString nextPath;
    bool nextAnswer = true, hasFileManager = true;
    int nextChoice = 0; ///< Of chooseOne.
    int asked = 0, told = 0;
    QString toldHtml; ///< Of the last tell.
    QString consequence;
    QString shownFile;                ///< Of the last showInFileManager.
    std::function<void()> whileAsked; ///< What happens while a question is open; once.

    QString chooseFolder(QWidget*, const QString&) override { return nextPath; }
    QString chooseNewFolder(QWidget*, const QString&, const QString&, NewFolder) override { return nextPath; }
    QString chooseFile(QWidget*, const QString&, const QString&) override { return nextPath; }
    QString chooseSaveFile(QWidget*, const QString&, const QString&, const QString&) override
    {
        const auto file = nextPath;
        if (const auto happens = std::exchange(whileAsked, {}))
            happens();
        return file;
    }
    bool confirm(QWidget*, const QString&, const QString& what, const QString&) override
    {
        ++asked;
        consequence = what;
        if (const auto happens = std::exchange(whileAsked, {}))
            happens();
        return nextAnswer;
    }
    int chooseOne(QWidget*, const QString&, const QString&, const QStringList&) override
    {
        ++asked;
        return nextChoice;
    }
    void tell(QWidget*, const QString&, const QString& html) override
    {
        ++told;
        toldHtml = html;
    }
    bool showInFileManager(const QString& file) override
    {
        shownFile = file;
        return hasFileManager;
    }
};

} // namespace nanodit::test
