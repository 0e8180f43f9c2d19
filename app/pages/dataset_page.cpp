#include "app/pages/dataset_page.h"

#include "app/dialogs.h"
#include "app/job_runner.h"
#include "app/pages/dataset/alignment_panel.h"
#include "app/pages/dataset/buckets_panel.h"
#include "app/pages/dataset/drift_panel.h"
#include "app/pages/dataset/layer_panel.h"
#include "app/pages/dataset/loupe.h"
#include "app/pages/dataset/record_facts.h"
#include "app/pages/report_view.h"
#include "app/thumbnails.h"
#include "widgets/banner.h"
#include "widgets/icons.h"
#include "widgets/image_canvas.h"
#include "widgets/log_view.h"
#include "widgets/page_frame.h"
#include "widgets/state_panel.h"
#include "widgets/text.h"
#include "widgets/theme.h"
#include "widgets/thumbnail_grid.h"
#include "widgets/thumbnail_model.h"

#include <QAction>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QScrollArea>
#include <QShortcut>
#include <QSignalBlocker>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabBar>
#include <QTabWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <set>

namespace nanodit {

namespace {

constexpr int browserWidth = 412;
constexpr int reportHeight = 232;
constexpr std::int64_t driftSample = 64; ///< Records, spread over the set.
constexpr int thumbnailSide = 224;       ///< Twice the drawn size, for dense screens.

ThumbnailItem itemOf(const RecordInfo& record)
{
    ThumbnailItem item{.id = QString::fromStdString(record.id),
                       .caption = QString::fromStdString(record.caption),
                       .badge = QString::fromStdString(bucketName(record.bucket)),
                       .problem = QString::fromStdString(record.problem),
                       .marks = {}};
    std::transform(record.arrays.begin(), record.arrays.end(), item.marks.begin(), markOf);
    return item;
}

} // namespace

DatasetPage::DatasetPage(Session& session, Dialogs& dialogs, QWidget* parent)
    : QWidget(parent)
    , session_(session)
    , dialogs_(dialogs)
    , frame_(new PageFrame(tr("Dataset"), this))
    , states_(new QStackedWidget(this))
    , empty_(new StatePanel(this))
    , model_(new ThumbnailModel(this))
    , filter_(new ThumbnailFilter(this))
    , thumbnails_(new Thumbnails(thumbnailSide, this))
    , loupe_(new Loupe(session, this))
    , facts_(new RecordFacts(this))
    , report_(new ReportView(this))
{
    filter_->setSourceModel(model_);
    auto* const browser = new QSplitter(Qt::Horizontal, this);
    browser->setHandleWidth(1);
    browser->setChildrenCollapsible(false);
    browser->addWidget(makeBrowser());
    browser->addWidget(loupe_);
    browser->setStretchFactor(0, 0);
    browser->setStretchFactor(1, 1);
    browser->setSizes({browserWidth, 1000});
    states_->addWidget(empty_);
    states_->addWidget(browser);
    frame_->setContent(states_);
    frame_->setInspector(makeInspector());
    auto* const log = new LogView(this);
    auto* const drawer = new QTabWidget(this);
    drawer->setDocumentMode(true);
    drawer->tabBar()->setDrawBase(false);
    auto* const alignment = new AlignmentPanel(this);
    auto* const bucketTable = new BucketsPanel(this);
    drawer->addTab(report_, tr("Report"));
    drawer->addTab(alignment, tr("Alignment"));
    drawer->addTab(bucketTable, tr("Buckets"));
    auto* const drift = new DriftPanel(this);
    drawer->addTab(drift, tr("Drift"));
    drawer->addTab(log, tr("Log"));
    connect(&session_, &Session::datasetLogged, log, &LogView::append);
    frame_->setDrawer(drawer, reportHeight);
    frame_->setDrawerVisible(false);
    frame_->setInspectorVisible(false);
    addActions();
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(frame_);

    connect(model_, &ThumbnailModel::thumbnailWanted, this, [this](const QString& id) {
        if (const auto* const record = session_.record(id))
            thumbnails_->want(*record);
    });
    connect(thumbnails_, &Thumbnails::made, model_, &ThumbnailModel::setThumbnail);
    connect(&session_, &Session::workspaceChanged, this, [this] {
        thumbnails_->forget();
        model_->forgetThumbnails();
        chosen_.clear();
        loupe_->clear();
        facts_->clear();
        frame_->setDrawerVisible(false);
        frame_->banner()->hide();
    });
    connect(&session_, &Session::recordsChanged, this, &DatasetPage::showRecords);
    connect(&session_, &Session::datasetBusyChanged, this, &DatasetPage::updateActions);
    const auto showReport = [this, drawer](const auto& report) {
        report_->show(report);
        drawer->setCurrentWidget(report_);
        frame_->setDrawerVisible(true);
    };
    connect(&session_, &Session::imported, this, showReport);
    connect(&session_, &Session::preprocessed, this, showReport);
    connect(&session_, &Session::packed, this, showReport);
    connect(&session_, &Session::verified, this, showReport);
    connect(report_, &ReportView::recordChosen, this, &DatasetPage::chooseRecord);
    connect(&session_, &Session::certified, this, [this, drawer, alignment](const CertifyReport& report) {
        alignment->show(report);
        drawer->setCurrentWidget(alignment);
        frame_->setDrawerVisible(true);
    });
    connect(&session_, &Session::workspaceChanged, alignment, &AlignmentPanel::clear);
    connect(&session_, &Session::workspaceChanged, drift, &DriftPanel::clear);
    connect(drift, &DriftPanel::measureWanted, this, [this] { session_.measureDrift(driftSample); });
    connect(drift, &DriftPanel::recordChosen, this, &DatasetPage::chooseRecord);
    connect(&session_, &Session::driftMeasured, drift, &DriftPanel::show);
    connect(&session_, &Session::datasetBusyChanged, drift,
            [this, drift] { drift->setMeasurable(!session_.datasetBusy()); });
    connect(alignment, &AlignmentPanel::recordChosen, this, &DatasetPage::chooseRecord);
    connect(&session_, &Session::recordsChanged, bucketTable,
            [this, bucketTable] { bucketTable->show(session_.records()); });
    connect(bucketTable, &BucketsPanel::bucketChosen, buckets_, &QComboBox::setCurrentText);
    auto* const fit = new QShortcut(Qt::Key_F, this);
    fit->setContext(Qt::WidgetWithChildrenShortcut);
    connect(fit, &QShortcut::activated, loupe_->canvas(), &ImageCanvas::fit);
    showRecords();
}

QWidget* DatasetPage::makeBrowser()
{
    auto* const browser = new QWidget(this);
    search_ = new QLineEdit(browser);
    search_->setPlaceholderText(tr("Search ids and captions"));
    search_->setAccessibleName(search_->placeholderText());
    search_->setClearButtonEnabled(true);
    search_->addAction(icon(QStringLiteral("search"), Hue::Grey), QLineEdit::LeadingPosition);
    buckets_ = new QComboBox(browser);
    buckets_->setAccessibleName(tr("Bucket"));
    problems_ = new QPushButton(browser);
    problems_->setCheckable(true);
    problems_->setIcon(icon(QStringLiteral("warning")));
    problems_->setToolTip(tr("Only records with a problem, or with a stale or wrong array"));
    problems_->setAccessibleName(tr("Only records with a problem"));
    grid_ = new ThumbnailGrid(browser);
    grid_->setModel(filter_);
    count_ = new QLabel(browser);
    setRole(count_, "small");

    auto* const filters = new QHBoxLayout;
    filters->setSpacing(8);
    filters->addWidget(search_, 1);
    filters->addWidget(buckets_);
    filters->addWidget(problems_);
    auto* const column = new QVBoxLayout(browser);
    column->setContentsMargins(12, 12, 0, 8);
    column->setSpacing(8);
    filters->setContentsMargins(4, 0, 12, 0);
    column->addLayout(filters);
    column->addWidget(grid_, 1);
    column->addWidget(count_);
    count_->setContentsMargins(4, 0, 0, 0);
    browser->setMinimumWidth(300);

    const auto filtered = [this] {
        filter_->setText(search_->text());
        filter_->setBadge(buckets_->currentIndex() > 0 ? buckets_->currentText() : QString());
        filter_->setProblemsOnly(problems_->isChecked());
        updateActions();
    };
    connect(search_, &QLineEdit::textChanged, this, filtered);
    connect(buckets_, &QComboBox::currentIndexChanged, this, filtered);
    connect(problems_, &QPushButton::toggled, this, filtered);
    connect(grid_, &ThumbnailGrid::recordChosen, this, &DatasetPage::recordChosen);
    return browser;
}

QWidget* DatasetPage::makeInspector()
{
    auto* const content = new QWidget;
    auto* const column = new QVBoxLayout(content);
    column->setContentsMargins(0, 0, 8, 0);
    column->setSpacing(12);
    column->addWidget(makeSection(tr("Record"), content));
    column->addWidget(facts_);
    column->addSpacing(4);
    column->addWidget(new LayerPanel(loupe_, content));
    column->addStretch(1);
    auto* const scroll = new QScrollArea(this);
    scroll->setWidget(content);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    return scroll;
}

void DatasetPage::addActions()
{
    import_ = frame_->addAction(tr("Import…"), QStringLiteral("import"),
                                tr("Add the pictures of a folder, with captions beside them"));
    passes_ = frame_->addAction(tr("Run passes"), QStringLiteral("passes"),
                                tr("Make what is missing: text, latents, patches"));
    pack_ =
        frame_->addAction(tr("Pack shards"), QStringLiteral("pack"), tr("Pack whole records into shards to train on"));
    verify_ =
        frame_->addAction(tr("Verify"), QStringLiteral("verify"), tr("Check every array: whole, aligned, finite"));
    certify_ =
        frame_->addAction(tr("Certify"), QStringLiteral("verify"),
                          tr("Prove that patches lie where they should: compute them anew and compare, also with what "
                             "known bugs would have stored"));
    certify_->setObjectName(QStringLiteral("certify"));
    connect(certify_, &QPushButton::clicked, this, [this] { session_.certify(0); });
    auto* const menu = new QMenu(passes_);
    static constexpr std::array passes = {Pass::T5, Pass::Vae, Pass::Dino};
    const std::array<QString, 3> sentences = {tr("t5: captions to text tokens"), tr("vae: pictures to latents"),
                                              tr("dinov3: pictures to CLS and patches")};
    for (std::size_t i = 0; i < passes.size(); ++i) {
        passChoice_[i] = menu->addAction(sentences[i]);
        passChoice_[i]->setCheckable(true);
        passChoice_[i]->setChecked(true);
    }
    menu->addSeparator();
    auto* const run = menu->addAction(icon(QStringLiteral("play")), tr("Run the chosen passes"));
    passes_->setMenu(menu);
    connect(run, &QAction::triggered, this, [this] {
        std::vector<Pass> chosen;
        for (std::size_t i = 0; i < passes.size(); ++i) {
            if (passChoice_[i]->isChecked())
                chosen.push_back(passes[i]);
        }
        if (!chosen.empty())
            session_.runPasses(chosen);
    });
    connect(import_, &QPushButton::clicked, this, &DatasetPage::importPictures);
    connect(pack_, &QPushButton::clicked, this, [this] {
        const auto folder = session_.workspace().shardsFolder();
        const bool packed = session_.hasShards();
        if (!packed ||
            dialogs_.confirm(this, tr("Pack the shards again?"),
                             tr("The present shards in %1 are replaced.").arg(QString::fromStdString(folder.string())),
                             tr("Pack again")))
            session_.packShards(packed);
    });
    connect(verify_, &QPushButton::clicked, this, [this] { session_.verify(); });
    pack_->setObjectName(QStringLiteral("pack"));
    verify_->setObjectName(QStringLiteral("verify"));
}

void DatasetPage::importPictures()
{
    const auto folder = dialogs_.chooseFolder(this, tr("Import the pictures of a folder"));
    if (!folder.isEmpty())
        session_.importPictures(folder);
}

void DatasetPage::showRecords()
{
    std::vector<ThumbnailItem> items;
    std::set<QString> badges;
    for (const auto& record : session_.records()) {
        items.push_back(itemOf(record));
        badges.insert(items.back().badge);
    }
    const bool any = !items.empty();
    {
        const QSignalBlocker quiet(buckets_);
        const auto before = buckets_->currentText();
        buckets_->clear();
        buckets_->addItem(tr("All buckets"));
        for (const auto& badge : badges)
            buckets_->addItem(badge);
        buckets_->setCurrentIndex(std::max(0, buckets_->findText(before)));
    }
    {
        const QSignalBlocker quiet(grid_); // the reset must not look like a choice
        model_->setItems(std::move(items));
    }
    if (any != (states_->currentIndex() == 1)) // nothing to inspect, no inspector; later the user folds it
        frame_->setInspectorVisible(any);
    states_->setCurrentIndex(any ? 1 : 0);
    if (!any) {
        empty_->showEmpty(QStringLiteral("dataset"), tr("There are no pictures yet"),
                          tr("Import a folder of pictures; captions are read from a .txt or .json beside each, or from "
                             "a records.jsonl."));
        auto* const button = empty_->addButton(tr("Import…"), QStringLiteral("import"), true);
        connect(button, &QPushButton::clicked, this, &DatasetPage::importPictures);
    }
    updateActions();
    if (any)
        chooseRecord(chosen_.isEmpty() || session_.record(chosen_) == nullptr ? model_->items().front().id : chosen_);
}

void DatasetPage::updateActions()
{
    const bool free = session_.hasWorkspace() && !session_.datasetBusy();
    const bool any = !session_.records().empty();
    import_->setEnabled(free);
    for (auto* const button : {passes_, pack_, verify_, certify_})
        button->setEnabled(free && any);
    const auto all = static_cast<int>(session_.records().size());
    const int shown = filter_->rowCount();
    count_->setText(shown == all ? tr("%1 records").arg(all) : tr("%1 of %2 records").arg(shown).arg(all));
    if (session_.hasWorkspace())
        frame_->setContext(folderText(QString::fromStdString(session_.workspace().root.string())));
}

void DatasetPage::chooseRecord(const QString& id)
{
    const auto index = filter_->mapFromSource(model_->index(model_->rowOf(id)));
    if (!index.isValid()) {
        recordChosen(id); // filtered away: still shown large
        return;
    }
    if (grid_->currentIndex() == index)
        recordChosen(id);
    grid_->setCurrentIndex(index);
    grid_->scrollTo(index);
}

void DatasetPage::recordChosen(const QString& id)
{
    const auto* const record = session_.record(id);
    if (record == nullptr)
        return;
    chosen_ = id;
    facts_->showRecord(*record);
    loupe_->showRecord(*record);
}

bool DatasetPage::settled() const
{
    return session_.idle() && thumbnails_->idle() && loupe_->idle();
}

} // namespace nanodit
