#pragma once

#include "app/dialogs.h"

namespace nanodit::test {

/// Answers as the test says.
class ScriptedDialogs : public Dialogs {
public:
    QString nextPath;
    bool nextAnswer = true, hasFileManager = true;
    int nextChoice = 0; ///< Of chooseOne.
    int asked = 0, told = 0;
    QString consequence;
    QString shownFile;  ///< Of the last showInFileManager.
    QString openedFile; ///< Of the last openFile.

    QString chooseFolder(QWidget*, const QString&) override { return nextPath; }
    QString chooseNewFolder(QWidget*, const QString&, const QString&) override { return nextPath; }
    QString chooseFile(QWidget*, const QString&, const QString&) override { return nextPath; }
    QString chooseSaveFile(QWidget*, const QString&, const QString&, const QString&) override { return nextPath; }
    bool confirm(QWidget*, const QString&, const QString& what, const QString&) override
    {
        ++asked;
        consequence = what;
        return nextAnswer;
    }
    int chooseOne(QWidget*, const QString&, const QString&, const QStringList&) override
    {
        ++asked;
        return nextChoice;
    }
    void tell(QWidget*, const QString&, const QString&) override { ++told; }
    bool showInFileManager(const QString& file) override
    {
        shownFile = file;
        return hasFileManager;
    }
    bool openFile(const QString& file) override
    {
        openedFile = file;
        return hasFileManager;
    }
};

} // namespace nanodit::test
