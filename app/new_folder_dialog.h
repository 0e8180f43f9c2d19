#pragma once

#include "app/dialogs.h"
#include "app/disk_questions.h"
#include "widgets/late_timer.h"

#include <QDialog>

#include <functional>

class QLabel;
class QLineEdit;
class QPushButton;

namespace nanodit {

/// Where a new folder goes: a name, and the folder that it will lie in. The folder itself need not exist; whoever asked
/// makes it. The disk is asked on other threads, since any path can be typed, also of a network that does not answer.
class NewFolderDialog : public QDialog {
    Q_OBJECT

public:
    /// What the disk knows of a folder and of that in which it lies.
    struct Place {
        bool hasParent = false, parentWritable = false;
        bool free = false; ///< Nothing has that name, or an empty folder.
        bool workspace = false;
    };
    /// Called on other threads, and perhaps still when the dialog is gone.
    using Look = std::function<Place(const QString& folder)>;

    /// `suggestion`: the path that is proposed. `dialogs` chooses the parent folder.
    NewFolderDialog(const QString& title, const QString& suggestion, NewFolder use, Dialogs& dialogs,
                    QWidget* parent = nullptr);
    NewFolderDialog(const QString& title, const QString& suggestion, NewFolder use, Dialogs& dialogs, Look look,
                    QWidget* parent = nullptr);
    QString folder() const;
    /// Once the disk has answered for what is typed, if the folder can be taken.
    void accept() override;

private:
    void browse();
    void check();
    void take(const Place& place);
    void tell(const QString& about, bool problem);
    QString whyNot(const Place& place) const;

    NewFolder use_;
    Dialogs& dialogs_;
    Look look_;
    QLineEdit *name_, *parent_;
    QLabel* about_;
    QPushButton* accept_;
    int asked_ = 0;         ///< Paths so far: answers about earlier ones are void.
    bool answered_ = false; ///< For the path that is typed.
    bool wanted_ = false;   ///< It was accepted before the disk has answered.
    LateTimer late_;
    DiskQuestions disk_;
};

/// The suggestion, or the first of NAME-2, NAME-3... that is not taken by a file or a folder with something in it. Asks
/// the disk, which may take its time: not for the window's thread.
QString freeFolder(const QString& suggestion);

} // namespace nanodit
