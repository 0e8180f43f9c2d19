#include "app/new_folder_dialog.h"

#include "app/dialogs.h"
#include "widgets/factories.h"
#include "widgets/inspector_column.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <QDialogButtonBox>
#include <QDir>
#include <QFileInfo>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace nanodit {

namespace {

constexpr int usualWidth = 520;

bool isWorkspace(const QString& folder)
{
    return QFileInfo::exists(folder + QStringLiteral("/workspace.yaml"));
}

bool isFree(const QString& folder)
{
    const QFileInfo info(folder);
    return !info.exists() || (info.isDir() && QDir(folder).isEmpty());
}

/// Why nothing can be made there, or nothing.
QString whyNot(const QString& name, const QString& parent)
{
    if (name.isEmpty())
        return NewFolderDialog::tr("Enter a name.");
    if (name.contains(QLatin1Char('/')) || name == QLatin1String(".") || name == QLatin1String(".."))
        return NewFolderDialog::tr("The name cannot contain a slash.");
    const QFileInfo within(parent);
    if (parent.isEmpty() || !within.isDir())
        return NewFolderDialog::tr("The folder %1 does not exist.").arg(parent);
    const auto folder = QDir(parent).filePath(name);
    if (isWorkspace(folder))
        return {};
    if (!isFree(folder))
        return NewFolderDialog::tr("%1 exists and is not empty: choose another name.").arg(folderText(folder));
    if (!within.isWritable())
        return NewFolderDialog::tr("You cannot write in %1: choose another folder.").arg(folderText(parent));
    return {};
}

} // namespace

NewFolderDialog::NewFolderDialog(const QString& title, const QString& suggestion, Dialogs& dialogs, QWidget* parent)
    : QDialog(parent)
    , dialogs_(dialogs)
    , name_(new QLineEdit(this))
    , parent_(new QLineEdit(this))
    , about_(new QLabel(this))
    , accept_(makeButton(tr("Create"), QStringLiteral("check"), {}, true, this))
{
    setObjectName(QStringLiteral("newFolder"));
    setWindowTitle(title);
    name_->setObjectName(QStringLiteral("folderName"));
    parent_->setObjectName(QStringLiteral("parentFolder"));
    about_->setObjectName(QStringLiteral("aboutFolder"));
    accept_->setObjectName(QStringLiteral("createFolder"));
    about_->setWordWrap(true);
    about_->setTextFormat(Qt::PlainText);
    about_->setMinimumHeight(2 * about_->fontMetrics().lineSpacing());
    about_->setAlignment(Qt::AlignTop);
    auto* const choose =
        makeButton(tr("Choose…"), QStringLiteral("folder"), tr("Choose the parent folder"), false, this);
    auto* const within = new QHBoxLayout;
    within->setSpacing(8);
    within->addWidget(parent_, 1);
    within->addWidget(choose);
    auto* const fields = makeFields();
    fields->addRow(tr("&Name"), name_);
    fields->addRow(tr("&Parent folder"), within);
    qobject_cast<QLabel*>(fields->labelForField(within))->setBuddy(parent_);
    auto* const buttons = new QDialogButtonBox(this);
    buttons->addButton(accept_, QDialogButtonBox::AcceptRole);
    buttons->addButton(QDialogButtonBox::Cancel);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(16, 16, 16, 12);
    column->setSpacing(12);
    column->addLayout(fields);
    column->addWidget(about_);
    column->addWidget(buttons);
    choose->setAutoDefault(false);
    accept_->setDefault(true);
    resize(usualWidth, sizeHint().height());

    connect(name_, &QLineEdit::textChanged, this, &NewFolderDialog::check);
    connect(parent_, &QLineEdit::textChanged, this, &NewFolderDialog::check);
    connect(choose, &QPushButton::clicked, this, &NewFolderDialog::browse);
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    const QFileInfo proposed(suggestion);
    name_->setText(proposed.fileName());
    parent_->setText(proposed.absolutePath());
    name_->setFocus();
    name_->selectAll();
    check();
}

QString NewFolderDialog::folder() const
{
    auto parent = parent_->text().trimmed();
    if (parent == QLatin1String("~") || parent.startsWith(QLatin1String("~/")))
        parent.replace(0, 1, QDir::homePath());
    return QDir::cleanPath(QDir(parent).filePath(name_->text().trimmed()));
}

void NewFolderDialog::browse()
{
    if (const auto chosen = dialogs_.chooseFolder(this, tr("Parent folder")); !chosen.isEmpty())
        parent_->setText(chosen);
}

void NewFolderDialog::check()
{
    const auto path = folder();
    const auto why = whyNot(name_->text().trimmed(), QFileInfo(path).path());
    accept_->setEnabled(why.isEmpty());
    accept_->setText(why.isEmpty() && isWorkspace(path) ? tr("Open") : tr("Create"));
    setRole(about_, why.isEmpty() ? "secondary" : "problem");
    about_->setText(!why.isEmpty()      ? why
                    : isWorkspace(path) ? tr("%1 is a workspace already; it will be opened.").arg(folderText(path))
                                        : tr("The folder %1 will be created.").arg(folderText(path)));
}

QString freeFolder(const QString& suggestion)
{
    auto folder = suggestion;
    for (int i = 2; !isFree(folder); ++i)
        folder = QStringLiteral("%1-%2").arg(suggestion).arg(i);
    return folder;
}

} // namespace nanodit
