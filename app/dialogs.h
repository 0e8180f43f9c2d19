#pragma once

#include <QString>
#include <QStringList>

class QWidget;

namespace nanodit {

/// What a new folder is for.
enum class NewFolder { Workspace, Files };

/// The questions that the window asks in dialogs of their own; tests answer them instead of a person. Empty: cancelled.
class Dialogs {
public:
    virtual ~Dialogs() = default;
    virtual QString chooseFolder(QWidget* parent, const QString& title) = 0;
    /// A folder that does not exist yet, or is empty; where one for a workspace is asked for also a workspace, which is
    /// then to be opened.
    virtual QString chooseNewFolder(QWidget* parent, const QString& title, const QString& suggestion,
                                    NewFolder use) = 0;
    virtual QString chooseFile(QWidget* parent, const QString& title, const QString& filter) = 0;
    virtual QString chooseSaveFile(QWidget* parent, const QString& title, const QString& suggestion,
                                   const QString& filter) = 0;
    /// `consequence` names what is lost or done; `action` is the button that does it.
    virtual bool confirm(QWidget* parent, const QString& question, const QString& consequence,
                         const QString& action) = 0;
    /// Which of `actions`, the likeliest first, by its index; -1: cancelled.
    virtual int chooseOne(QWidget* parent, const QString& question, const QString& about,
                          const QStringList& actions) = 0;
    virtual void tell(QWidget* parent, const QString& title, const QString& html) = 0;
    /// Shows `file` in its folder with the desktop's file manager; whether there is one.
    virtual bool showInFileManager(const QString& file);
};

/// The desktop's own.
class DesktopDialogs : public Dialogs {
public:
    QString chooseFolder(QWidget* parent, const QString& title) override;
    QString chooseNewFolder(QWidget* parent, const QString& title, const QString& suggestion, NewFolder use) override;
    QString chooseFile(QWidget* parent, const QString& title, const QString& filter) override;
    QString chooseSaveFile(QWidget* parent, const QString& title, const QString& suggestion,
                           const QString& filter) override;
    bool confirm(QWidget* parent, const QString& question, const QString& consequence, const QString& action) override;
    int chooseOne(QWidget* parent, const QString& question, const QString& about, const QStringList& actions) override;
    void tell(QWidget* parent, const QString& title, const QString& html) override;
};

} // namespace nanodit
