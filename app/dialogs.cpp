#include "app/dialogs.h"

#include "app/new_folder_dialog.h"
#include "widgets/file_manager.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>
#include <QRegularExpression>

namespace nanodit {

namespace {

/// Names of records and runs are in its texts. Not every version of Qt passes the format on to the informative one.
void showPlain(QMessageBox& box)
{
    box.setTextFormat(Qt::PlainText);
    for (auto* const label : box.findChildren<QLabel*>())
        label->setTextFormat(Qt::PlainText);
}

} // namespace

bool Dialogs::showInFileManager(const QString& file)
{
    return nanodit::showInFileManager(file);
}

QString DesktopDialogs::chooseFolder(QWidget* parent, const QString& title)
{
    return QFileDialog::getExistingDirectory(parent, title);
}

QString DesktopDialogs::chooseNewFolder(QWidget* parent, const QString& title, const QString& suggestion, NewFolder use)
{
    NewFolderDialog dialog(title, suggestion, use, *this, parent);
    return dialog.exec() == QDialog::Accepted ? dialog.folder() : QString();
}

QString DesktopDialogs::chooseFile(QWidget* parent, const QString& title, const QString& filter)
{
    return QFileDialog::getOpenFileName(parent, title, {}, filter);
}

QString DesktopDialogs::chooseSaveFile(QWidget* parent, const QString& title, const QString& suggestion,
                                       const QString& filter)
{
    QFileDialog dialog(parent, title, QString(), filter);
    dialog.setAcceptMode(QFileDialog::AcceptSave);
    dialog.setFileMode(QFileDialog::AnyFile);
    dialog.selectFile(suggestion);
    dialog.setDefaultSuffix(QFileInfo(suggestion).suffix()); // of a name that is typed without one
    QObject::connect(&dialog, &QFileDialog::filterSelected, &dialog, [&dialog](const QString& chosen) {
        static const QRegularExpression first(QStringLiteral("\\*\\.(\\w+)"));
        if (const auto suffix = first.match(chosen); suffix.hasMatch())
            dialog.setDefaultSuffix(suffix.captured(1));
    });
    return dialog.exec() == QDialog::Accepted ? dialog.selectedFiles().value(0) : QString();
}

bool DesktopDialogs::confirm(QWidget* parent, const QString& question, const QString& consequence,
                             const QString& action)
{
    QMessageBox box(QMessageBox::Question, QString(), question, QMessageBox::Cancel, parent);
    box.setInformativeText(consequence);
    showPlain(box);
    auto* const accept = box.addButton(action, QMessageBox::AcceptRole);
    box.setDefaultButton(QMessageBox::Cancel);
    box.exec();
    return box.clickedButton() == accept;
}

int DesktopDialogs::chooseOne(QWidget* parent, const QString& question, const QString& about,
                              const QStringList& actions)
{
    QMessageBox box(QMessageBox::Question, QString(), question, QMessageBox::Cancel, parent);
    box.setInformativeText(about);
    showPlain(box);
    QList<QAbstractButton*> buttons;
    for (const auto& action : actions)
        buttons << box.addButton(action, QMessageBox::ActionRole);
    box.setDefaultButton(qobject_cast<QPushButton*>(buttons.value(0)));
    box.exec();
    return static_cast<int>(buttons.indexOf(box.clickedButton()));
}

void DesktopDialogs::tell(QWidget* parent, const QString& title, const QString& html)
{
    QMessageBox box(QMessageBox::NoIcon, title, html, QMessageBox::Close, parent);
    box.setTextFormat(Qt::RichText);
    box.setTextInteractionFlags(Qt::TextSelectableByMouse);
    box.exec();
}

} // namespace nanodit
