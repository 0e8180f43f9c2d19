#pragma once

#include <QDialog>

class QLabel;
class QLineEdit;
class QPushButton;

namespace nanodit {

class Dialogs;

/// Where a new workspace goes: a name, and the folder that it will lie in. The folder itself need not exist; whoever
/// asked makes it.
class NewFolderDialog : public QDialog {
    Q_OBJECT

public:
    /// `suggestion`: the path that is proposed. `dialogs` chooses the parent folder.
    NewFolderDialog(const QString& title, const QString& suggestion, Dialogs& dialogs, QWidget* parent = nullptr);
    QString folder() const;

private:
    void browse();
    void check();

    Dialogs& dialogs_;
    QLineEdit *name_, *parent_;
    QLabel* about_;
    QPushButton* accept_;
};

/// The suggestion, or the first of NAME-2, NAME-3... that is not taken by a file or a folder with something in it.
QString freeFolder(const QString& suggestion);

} // namespace nanodit
