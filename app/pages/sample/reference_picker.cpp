#include "app/pages/sample/reference_picker.h"

#include "app/background_queue.h"
#include "app/dialogs.h"
#include "app/record_names.h"
#include "app/record_picker.h"
#include "app/same_workspace.h"
#include "app/session.h"
#include "app/wording.h"
#include "core/io/atomic_file.h"
#include "core/io/sha256.h"
#include "widgets/drop_zone.h"
#include "widgets/factories.h"
#include "widgets/picture.h"
#include "widgets/text.h"

#include <QAbstractItemView>
#include <QClipboard>
#include <QComboBox>
#include <QCompleter>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QSignalBlocker>
#include <QToolButton>

namespace nanodit {

namespace {
constexpr int popupWidth = 480;
constexpr int referenceSideKept = 768; ///< Pixels of the picture's longer side: more than a zone on any screen shows.

/// A picture as large as the zone needs it, and how large it is.
struct ShownReference {
    QImage picture;
    ImageSize original;
};

ShownReference readReference(const std::filesystem::path& file)
{
    const auto image = readImage(file);
    return {.picture = reducedTo(qImageFromImage(image), referenceSideKept), .original = image.size};
}

/// "Cropped to 160 × 112: the middle 78 % of its width is used."
QString partText(const QRectF& part, ImageSize bucket)
{
    const auto size = QStringLiteral("%1 × %2").arg(bucket.width).arg(bucket.height);
    if (part.isEmpty())
        return ReferencePicker::tr("All of it is used, at %1 px.").arg(size);
    if (part.width() < part.height())
        return ReferencePicker::tr("Cropped to %1: the middle %2 of its width is used.")
            .arg(size, shareText(part.width(), 0));
    return ReferencePicker::tr("Cropped to %1: the middle %2 of its height is used.")
        .arg(size, shareText(part.height(), 0));
}

/// What of a picture the crop to a bucket leaves, in shares of its sides; empty where it leaves all but a hundredth.
QRectF usedPart(ImageSize original, ImageSize bucket)
{
    constexpr double all = 0.99;
    const auto crop = bucketCrop(original, bucket);
    const auto width = static_cast<double>(original.width), height = static_cast<double>(original.height);
    const QRectF part(crop.left / width, crop.top / height, (crop.right - crop.left) / width,
                      (crop.bottom - crop.top) / height);
    return part.width() > all && part.height() > all ? QRectF() : part;
}

/// Writes a picture that came without a file; the same picture is one file.
QString keptReference(const Workspace& workspace, const QImage& picture)
{
    const auto bytes = encodePng(imageFromQImage(picture));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const auto folder = workspace.root / "references";
    std::filesystem::create_directories(folder);
    const auto file = folder / ("pasted-" + sha256Hex(text).substr(0, 16) + ".png");
    if (!std::filesystem::exists(file))
        writeFileAtomically(file, text);
    return QString::fromStdString(file.string());
}

/// What a picker's parts are called, by what its picture is used for.
struct PickerWords {
    QString name; ///< Of objects.
    QString prompt, records, paste, clear;
};

PickerWords wordsOf(ReferencePicker::Use use)
{
    switch (use) {
    case ReferencePicker::Use::Cls:
        return {.name = QStringLiteral("cls"),
                .prompt = ReferencePicker::tr("Drop the picture of the CLS here or click to choose one"),
                .records = ReferencePicker::tr("Record whose CLS is used"),
                .paste = ReferencePicker::tr("Use the clipboard's picture"),
                .clear = ReferencePicker::tr("Use CLS of the reference")};
    case ReferencePicker::Use::Blend:
        return {.name = QStringLiteral("blend"),
                .prompt = ReferencePicker::tr("Drop the picture to mix in here or click to choose one"),
                .records = ReferencePicker::tr("Record that is mixed into the reference"),
                .paste = ReferencePicker::tr("Use the clipboard's picture"),
                .clear = ReferencePicker::tr("Use the reference alone")};
    case ReferencePicker::Use::Condition:
        break;
    }
    return {.name = QStringLiteral("reference"),
            .prompt = ReferencePicker::tr("Drop a picture here or click to choose one"),
            .records = ReferencePicker::tr("Record as reference"),
            .paste = ReferencePicker::tr("Use the clipboard's picture (Ctrl+V)"),
            .clear = ReferencePicker::tr("No reference")};
}
} // namespace

ReferencePicker::ReferencePicker(Session& session, Dialogs& dialogs, Use use, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , dialogs_(dialogs)
    , use_(use)
    , zone_(new DropZone(this))
    , names_(new RecordNames(this))
    , records_(new QComboBox(this))
    , clear_(makeFlatButton(QStringLiteral("clear"), wordsOf(use).clear, this))
{
    const auto words = wordsOf(use);
    const auto named = [&words](const char* part) -> QString { return words.name + QLatin1String(part); };
    zone_->setObjectName(named("Zone"));
    zone_->setPrompt(words.prompt);
    records_->setObjectName(named("Records"));
    records_->setAccessibleName(words.records);
    names_->listIn(*records_);
    records_->setEditable(true);
    records_->setInsertPolicy(QComboBox::NoInsert);
    records_->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    records_->setMinimumContentsLength(12);
    records_->completer()->setFilterMode(Qt::MatchContains);
    records_->completer()->setCompletionMode(QCompleter::PopupCompletion);
    if (auto* const found = qobject_cast<QListView*>(records_->completer()->popup()))
        found->setUniformItemSizes(true); // as in the whole list
    records_->view()->setMinimumWidth(popupWidth);
    records_->lineEdit()->setPlaceholderText(tr("or a record of the workspace"));
    auto* const row = new QHBoxLayout;
    row->setSpacing(4);
    auto* const choose = makeFlatButton(QStringLiteral("grid"), tr("Select a record by its picture…"), this);
    choose->setObjectName(named("Choose"));
    auto* const pasted = makeFlatButton(QStringLiteral("paste"), words.paste, this);
    pasted->setObjectName(named("Paste"));
    row->addWidget(records_, 1);
    row->addWidget(choose);
    row->addWidget(pasted);
    row->addWidget(clear_);
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(zone_);
    column->addLayout(row);

    connect(&late_, &LateTimer::timeout, this, [this] {
        zone_->clear();
        zone_->setPrompt(tr("Reading the picture…"));
    });
    connect(choose, &QToolButton::clicked, this, &ReferencePicker::chooseRecord);
    connect(pasted, &QToolButton::clicked, this, &ReferencePicker::paste);
    connect(zone_, &DropZone::clicked, this, &ReferencePicker::chooseFile);
    connect(zone_, &DropZone::fileDropped, this,
            [this](const QString& file) { setReference(PictureReference{file.toStdString()}); });
    connect(clear_, &QToolButton::clicked, this, [this] { setReference(NoReference{}); });
    connect(records_, &QComboBox::activated, this, [this](int index) {
        if (index >= 0)
            setReference(RecordReference{records_->itemData(index).toString().toStdString()});
    });
    connect(records_->lineEdit(), &QLineEdit::returnPressed, this, &ReferencePicker::takeTyped,
            Qt::QueuedConnection); // the list of completions chooses first
    connect(&session_, &Session::recordsChanged, this, &ReferencePicker::listRecords);
    connect(&session_, &Session::workspaceChanged, this, [this] { setReference(NoReference{}); });
    showPicture();
}

void ReferencePicker::listRecords()
{
    const QSignalBlocker quiet(records_);
    auto* const line = records_->lineEdit();
    const auto typed = line->isModified() ? line->text() : QString(); // and not taken yet
    const int cursor = line->cursorPosition();
    names_->setRecords(session_.recordsValue());
    showPicture();
    if (typed.isEmpty())
        return;
    line->setText(typed);
    line->setModified(true);
    line->setCursorPosition(cursor);
}

void ReferencePicker::setReference(const Reference& reference)
{
    reference_ = reference;
    late_.start();
    showPicture();
    Q_EMIT referenceChanged();
}

bool ReferencePicker::takeTyped()
{
    const auto typed = records_->lineEdit()->text().trimmed();
    const int chosen = records_->currentIndex();
    if (typed == (chosen < 0 ? QString() : records_->itemText(chosen).trimmed()))
        return true;
    if (typed.isEmpty()) {
        setReference(NoReference{});
        return true;
    }
    const auto id = typed.section(QStringLiteral(" · "), 0, 0);
    if (session_.record(id) == nullptr) {
        Q_EMIT refused(tr("The workspace has no record \"%1\". Select one from the list.").arg(typed));
        return false;
    }
    setReference(RecordReference{id.toStdString()});
    return true;
}

void ReferencePicker::showPicture()
{
    const int number = ++shown_;
    original_ = {}; // until the picture is read
    const QSignalBlocker quiet(records_);
    const auto* const fromRecord = std::get_if<RecordReference>(&reference_);
    const auto* const fromFile = std::get_if<PictureReference>(&reference_);
    records_->setCurrentIndex(fromRecord != nullptr ? names_->rowOf(QString::fromStdString(fromRecord->id)) : -1);
    records_->setToolTip(toolTipOf(records_->currentText())); // its line ends without dots
    // The id, not the end of the caption; after the completer, which puts its choice into the line last.
    QMetaObject::invokeMethod(
        records_->lineEdit(),
        [line = records_->lineEdit()] {
            if (!line->isModified())
                line->setCursorPosition(0);
        },
        Qt::QueuedConnection);
    clear_->setEnabled(!std::holds_alternative<NoReference>(reference_));
    const auto show = [this, number](const QString& caption) {
        return [this, number, caption](const ShownReference& read) {
            if (number != shown_)
                return;
            late_.stop();
            zone_->setPicture(read.picture, caption);
            original_ = read.original;
            showPart();
        };
    };
    const auto refuse = [this, number](const Notice& why) {
        if (number != shown_)
            return;
        late_.stop();
        zone_->clear();
        zone_->setPrompt(noticeText(why));
    };
    if (fromRecord != nullptr) {
        const auto id = QString::fromStdString(fromRecord->id);
        if (const auto* const record = session_.record(id))
            session_.background().ask(
                this, [file = record->image] { return readReference(file); },
                show(QString::fromStdString(record->caption)), refuse);
        else
            refuse({tr("The workspace has no record \"%1\". Choose another reference.").arg(id).toStdString()});
    } else if (fromFile != nullptr) {
        session_.background().ask(
            this, [file = fromFile->file] { return readReference(file); },
            show(QString::fromStdString(fromFile->file.string())), refuse);
    } else {
        late_.stop();
        zone_->setPrompt(wordsOf(use_).prompt);
        zone_->clear();
    }
}

void ReferencePicker::setSize(ImageSize size)
{
    if (size == size_)
        return;
    size_ = size;
    showPart();
}

/// A stored CLS is of the record's own bucket.
ImageSize ReferencePicker::croppedTo() const
{
    const auto* const record = std::get_if<RecordReference>(&reference_);
    if (use_ == Use::Cls && record != nullptr) {
        if (const auto* const found = session_.record(QString::fromStdString(record->id)))
            return found->bucket;
    }
    return size_;
}

void ReferencePicker::showPart()
{
    const auto bucket = croppedTo();
    if (!zone_->hasPicture() || original_.width <= 0 || original_.height <= 0 || bucket.width <= 0 ||
        bucket.height <= 0)
        return zone_->setPart({}, {});
    const auto part = usedPart(original_, bucket);
    zone_->setPart(part, partText(part, bucket));
}

void ReferencePicker::chooseRecord()
{
    const auto* const current = std::get_if<RecordReference>(&reference_);
    auto* const picker =
        new RecordPicker(session_, current != nullptr ? QString::fromStdString(current->id) : QString(), this);
    connect(picker, &RecordPicker::recordChosen, this,
            [this](const QString& id) { setReference(RecordReference{id.toStdString()}); });
    picker->open();
}

void ReferencePicker::paste()
{
    const auto* const copied = QGuiApplication::clipboard()->mimeData();
    if (copied == nullptr || !session_.hasWorkspace())
        return;
    if (const auto file = droppedFile(copied); !file.isEmpty())
        return setReference(PictureReference{file.toStdString()});
    const auto picture = copied->hasImage() ? qvariant_cast<QImage>(copied->imageData()) : QImage();
    if (picture.isNull())
        return Q_EMIT refused(tr("The clipboard holds no picture. Copy one, then paste it here."));
    session_.background().ask(
        this, [workspace = session_.workspace(), picture] { return keptReference(workspace, picture); },
        [this, same = SameWorkspace(session_)](const QString& file) {
            if (same) // it is kept there
                setReference(PictureReference{file.toStdString()});
        },
        [this](const Notice& why) { Q_EMIT refused(noticeText(why)); });
}

void ReferencePicker::chooseFile()
{
    const auto file = dialogs_.chooseFile(this, tr("A reference picture"),
                                          tr("Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.tif *.tiff)"));
    if (!file.isEmpty())
        setReference(PictureReference{file.toStdString()});
}

} // namespace nanodit
