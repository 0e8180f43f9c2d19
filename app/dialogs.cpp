#include "app/dialogs.h"

#include <QDesktopServices>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QUrl>

namespace nanodit {

bool Dialogs::showInFileManager(const QString& file)
{
    return QDesktopServices::openUrl(QUrl::fromLocalFile(QFileInfo(file).path()));
}

bool Dialogs::openFile(const QString& file)
{
    return QDesktopServices::openUrl(QUrl::fromLocalFile(file));
}

QString DesktopDialogs::chooseFolder(QWidget* parent, const QString& title)
{
    return QFileDialog::getExistingDirectory(parent, title);
}

QString DesktopDialogs::chooseNewFolder(QWidget* parent, const QString& title, const QString& suggestion)
{
    QFileDialog dialog(parent, title, suggestion);
    dialog.setFileMode(QFileDialog::Directory);
    dialog.setAcceptMode(QFileDialog::AcceptSave);
    dialog.setOption(QFileDialog::ShowDirsOnly);
    dialog.selectFile(suggestion);
    return dialog.exec() == QDialog::Accepted ? dialog.selectedFiles().value(0) : QString();
}

QString DesktopDialogs::chooseFile(QWidget* parent, const QString& title, const QString& filter)
{
    return QFileDialog::getOpenFileName(parent, title, {}, filter);
}

QString DesktopDialogs::chooseSaveFile(QWidget* parent, const QString& title, const QString& suggestion,
                                       const QString& filter)
{
    return QFileDialog::getSaveFileName(parent, title, suggestion, filter);
}

bool DesktopDialogs::confirm(QWidget* parent, const QString& question, const QString& consequence,
                             const QString& action)
{
    QMessageBox box(QMessageBox::Question, QString(), question, QMessageBox::Cancel, parent);
    box.setInformativeText(consequence);
    auto* const accept = box.addButton(action, QMessageBox::AcceptRole);
    box.setDefaultButton(QMessageBox::Cancel);
    box.exec();
    return box.clickedButton() == accept;
}

void DesktopDialogs::tell(QWidget* parent, const QString& title, const QString& html)
{
    QMessageBox box(QMessageBox::NoIcon, title, html, QMessageBox::Close, parent);
    box.setTextFormat(Qt::RichText);
    box.exec();
}

} // namespace nanodit
