/* Seed phrases: BIP-39's English list as the first four letters of each word, and the checksum over SHA-256.
 * Words shorter than four letters are filled with dots; the order is the list's, so a binary search finds the index. */
#include "filters/detect/words.h"

#include <openssl/sha.h>

static const char prefixes[] =
    "abanabilableabouabovabseabsoabstabsuabusacceacciaccoaccuachiacidacouacquacroact.actiactoactractuadapadd.addiaddr"
    "adjuadmiaduladvaadviaeroaffaaffoafraagaiage.agenagreaheaaim.air.airpaislalaralbualcoaleralieall.allealloalmoalon"
    "alphalrealsoaltealwaamatamazamonamouamusanalanchanciangeanglangranimanklannoannuanotanswanteantianxiany.aparapol"
    "appeapplapprapriarcharctareaarenarguarm.armearmoarmyarouarraarrearriarroart.arteartiartwask.aspeassaasseassiassu"
    "asthathlatomattaatteattiattrauctaudiauguauntauthautoautuaveravocavoiawakawarawayawesawfuawkwaxisbabybachbacobadg"
    "bag.balabalcballbambbanabannbar.barebargbarrbasebasibaskbattbeacbeanbeaubecabecobeefbefobegibehabehibelibelobelt"
    "bencbenebestbetrbettbetwbeyobicybid.bikebindbiolbirdbirtbittblacbladblamblanblasbleablesblinblooblosbloublueblur"
    "blusboarboatbodyboilbombbonebonubookboosbordboriborrbossbottbounbox.boy.bracbraibranbrasbravbreabreebricbridbrie"
    "brigbrinbrisbrocbrokbronbroobrotbrowbrusbubbbuddbudgbuffbuilbulbbulkbullbundbunkburdburgbursbus.busibusybuttbuye"
    "buzzcabbcabicablcactcagecakecallcalmcamecampcan.canacanccandcanncanocanvcanycapacapicaptcar.carbcardcargcarpcarr"
    "cartcasecashcasicastcasucat.catacatccatecattcaugcauscautcaveceilcelecemecenscentcerecertchaichalchamchanchaochap"
    "charchaschatcheacheccheechefchercheschicchiechilchimchoichoochrochucchunchurcigacinncircciticityciviclaiclapclar"
    "clawclaycleaclerclevclicclieclifclimclinclipclocclogclosclotclouclowclubclumclusclutcoaccoascococodecoffcoilcoin"
    "collcolocolucombcomecomfcomicommcompconccondconfcongconnconscontconvcookcoolcoppcopycoracorecorncorrcostcottcouc"
    "councoupcourcouscovecoyocraccradcrafcramcrancrascratcrawcrazcreacredcreecrewcriccrimcriscritcropcroscroucrowcruc"
    "cruecruicrumcruncruscry.cryscubecultcup.cupbcuricurrcurtcurvcushcustcutecycldad.damadampdancdangdaridashdaugdawn"
    "day.dealdebadebrdecadecedecidecldecodecrdeerdefedefidefydegrdeladelidemademidenidentdenydepadepedepodeptdepuderi"
    "descdesedesideskdespdestdetadetedevedevidevodiagdialdiamdiardicediesdietdiffdigidigndiledinndinodiredirtdisadisc"
    "disedishdismdisodispdistdivedividivodizzdoctdocudog.dolldolpdomadonadonkdonodoordosedoubdovedrafdragdramdrasdraw"
    "dreadresdrifdrildrindripdrivdropdrumdry.duckdumbduneduridustdutcdutydwardynaeageeaglearlearnearteasieasteasyecho"
    "ecoleconedgeediteduceffoegg.eigheithelboeldeelecelegelemelepelevelitelseembaemboembremeremotemplempoemptenabenac"
    "end.endlendoenemenerenfoengaengienhaenjoenlienouenrienroensuenteentientrenveepisequaequiera.eraseroderoserroerup"
    "escaessaesseestaeterethievidevilevokevolexacexamexceexchexciexclexcuexecexerexhaexhiexilexisexitexotexpaexpeexpi"
    "explexpoexprexteextreye.eyebfabrfacefacufadefainfaitfallfalsfamefamifamofan.fancfantfarmfashfat.fatafathfatifaul"
    "favofeatfebrfedefee.feedfeelfemafencfestfetcfevefew.fibefictfielfigufilefilmfiltfinafindfinefingfinifirefirmfirs"
    "fiscfishfit.fitnfix.flagflamflasflatflavfleefligflipfloaflocflooflowfluiflusfly.foamfocufog.foilfoldfollfoodfoot"
    "forcforeforgforkfortforuforwfossfostfounfox.fragframfreqfresfriefrinfrogfronfrosfrowfrozfruifuelfun.funnfurnfury"
    "futugadggaingalagallgamegap.garagarbgardgarlgarmgas.gaspgategathgauggazegenegenigenrgentgenugestghosgiangiftgigg"
    "ginggiragirlgivegladglanglarglasglidglimglobglooglorglovglowgluegoatgoddgoldgoodgoosgorigospgossgovegowngrabgrac"
    "graigrangrapgrasgravgreagreegridgriegritgrocgrougrowgrunguarguesguidguilguitgun.gym.habihairhalfhammhamshandhapp"
    "harbhardharsharvhat.havehawkhazaheadhealhearheavhedgheighellhelmhelphen.herohiddhighhillhinthip.hirehisthobbhock"
    "holdholeholihollhomehonehoodhopehornhorrhorshosphosthotehourhovehub.hugehumahumbhumohundhunghunthurdhurrhurthusb"
    "hybrice.iconideaidenidleignoill.illeillnimagimitimmeimmuimpaimpoimprimpuinchinclincoincrindeindiindoinduinfainfl"
    "infoinhainheinitinjeinjuinmainneinnoinpuinquinsainseinsiinspinstintainteintoinveinviinvoironislaisolissuitemivor"
    "jackjagujar.jazzjealjeanjelljewejob.joinjokejourjoy.judgjuicjumpjungjunijunkjustkangkeenkeepketckey.kickkid.kidn"
    "kindkingkisskit.kitckitekittkiwikneeknifknocknowlab.labelaboladdladylakelamplanglaptlarglatelatilauglaunlavalaw."
    "lawnlawslayelazyleadleaflearleavlectleftleg.legalegeleislemolendlenglensleoplesslettleveliarlibelibrlicelifelift"
    "lighlikelimblimilinklionliqulistlittlivelizaloadloanlobslocalocklogilonelonglooplottloudlounloveloyalucklugglumb"
    "lunaluncluxulyrimachmad.magimagnmaidmailmainmajomakemammman.manamandmangmansmanumaplmarbmarcmargmarimarkmarrmask"
    "massmastmatcmatemathmatrmattmaximazemeadmeanmeasmeatmechmedamedimelomeltmembmemomentmenumercmergmerimerrmeshmess"
    "metamethmiddmidnmilkmillmimimindminiminominumiramirrmisemissmistmix.mixemixtmobimodemodimom.momemonimonkmonsmont"
    "moonmoramoremornmosqmothmotimotomounmousmovemovimuchmuffmulemultmuscmusemushmusimustmutumysemystmythnaivnamenapk"
    "narrnastnatinatunearneckneedneganeglneitnephnervnestnet.netwneutnevenewsnextnicenighnoblnoisnominoodnormnortnose"
    "notanotenothnotinovenow.nuclnumbnursnut.oak.obeyobjeobliobscobseobtaobvioccuoceaoctoodoroff.offeoffiofteoil.okay"
    "old.olivolymomitonceone.onioonlionlyopenoperopinoppooptioranorbiorchordeordiorgaorieorigorphostrotheoutdouteoutp"
    "outsovalovenoverown.owneoxygoystozonpactpaddpagepairpalapalmpandpanepanipantpapeparapareparkparrpartpasspatcpath"
    "patipatrpattpauspavepaympeacpeanpearpeaspelipen.penapencpeoppeppperfpermperspet.phonphotphraphyspianpicnpictpiec"
    "pig.pigepillpilopinkpionpipepistpitcpizzplacplanplasplatplaypleapledplucplugplunpoempoetpoinpolapolepolipondpony"
    "poolpopuportposiposspostpotapottpovepowdpowepracpraipredprefprepprespretprevpricpridprimprinprioprisprivprizprob"
    "procprodprofprogprojpromproopropprosprotprouprovpublpuddpullpulppulspumppuncpupipupppurcpuripurppurspushput.puzz"
    "pyraqualquanquarquesquicquitquizquotrabbraccracerackradaradirailrainraisrallramprancrandrangrapirareraterathrave"
    "raw.razoreadrealreasrebereburecarecerecirecorecyredureflreforefuregiregrregurejerelarelerelirelyremaremeremiremo"
    "rendrenerentreopreparepereplreporequrescreseresiresorespresuretiretrretureunreverevirewarhytrib.ribbricerichride"
    "ridgriflrighrigiringriotrippriskriturivariveroadroasroboroburockromaroofrookroomroserotarougrounroutroyarubbrude"
    "rug.rulerun.runwrurasad.saddsadnsafesailsalasalmsalosaltsalusamesampsandsatisatosaucsaussavesay.scalscanscarscat"
    "scenscheschosciescisscorscouscrascrescriscrusea.searseasseatsecosecrsectsecuseedseeksegmselesellsemisenisenssent"
    "seriservsesssettsetuseveshadshafshalsharshedshelshershieshifshinshipshivshocshoeshooshopshorshoushovshrishrushuf"
    "shy.siblsicksidesiegsighsignsilesilksillsilvsimisimpsincsingsiresistsitusix.sizeskatsketski.skilskinskirskulslab"
    "slamsleeslenslicslidsligslimslogslotslowslussmalsmarsmilsmoksmoosnacsnaksnapsnifsnowsoapsoccsocisocksodasoftsola"
    "soldsolisolusolvsomesongsoonsorrsortsoulsounsoupsoursoutspacsparspatspawspeaspecspeespelspensphespicspidspikspin"
    "spirsplispoisponspoosporspotspraspresprispy.squasquesquistabstadstafstagstaistamstanstarstatstaysteasteestemstep"
    "stersticstilstinstocstomstonstoostorstovstrastrestristrostrustudstufstumstylsubjsubmsubwsuccsuchsuddsuffsugasugg"
    "suitsummsun.sunnsunssupesuppsuprsuresurfsurgsurpsurrsurvsuspsustswalswamswapswarsweasweeswifswimswinswitsworsymb"
    "sympsyrusysttabltacktag.tailtaletalktanktapetargtasktasttatttaxiteacteamtellten.tenatenntenttermtesttextthanthat"
    "themthentheothertheythinthisthouthrethrithrothumthunticktidetigetilttimbtimetinytip.tiretisstitltoastobatodatodd"
    "toe.togetoiltoketomatomotonetongtonitooltoottop.topitopptorctorntorttosstotatourtowatowetowntoy.tractradtraftrag"
    "traitrantraptrastravtraytreatreetrentriatribtrictrigtrimtriptroptroutructruetrultrumtrustruttry.tubetuittumbtuna"
    "tunnturkturnturttweltwentwictwintwistwo.typetypiuglyumbrunabunawuncluncoundeundounfaunfounhaunifuniqunitunivunkn"
    "unlountiunusunveupdaupgruphouponuppeupseurbaurgeusaguse.usedusefuselusuautilvacavacuvaguvalivallvalvvan.vanivapo"
    "varivastvaulvehivelvvendventvenuverbveriversveryvessveteviabvibrvicivictvideviewvillvintviolvirtviruvisavisivisu"
    "vitavivivocavoicvoidvolcvoluvotevoyawagewagowaitwalkwallwalnwantwarfwarmwarrwashwaspwastwatewaveway.wealweapwear"
    "weasweatweb.weddweekweirwelcwestwet.whalwhatwheawheewhenwherwhipwhiswidewidtwifewildwillwin.windwinewingwinkwinn"
    "wintwirewisdwisewishwitnwolfwomawondwoodwoolwordworkworlworrwortwrapwrecwreswriswritwronyardyearyellyou.younyout"
    "zebrzerozonezoo.";

int bip39_word(struct slice word)
{
    char key[4] = {'.', '.', '.', '.'};
    size_t lo = 0, hi = (sizeof prefixes - 1) / 4;
    if (word.n < 3 || word.n > 8) return -1;
    for (size_t i = 0; i < 4 && i < word.n; i++) key[i] = (char)(word.p[i] | 32);
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = memcmp(prefixes + mid * 4, key, 4);
        if (c == 0) return (int)mid;
        if (c < 0) lo = mid + 1;
        else hi = mid;
    }
    return -1;
}

bool bip39_ok(struct slice phrase)
{
    uint8_t bits[33] = {0}, hash[SHA256_DIGEST_LENGTH];
    size_t n = 0, i = 0;
    while (i < phrase.n) {
        size_t from = i;
        while (i < phrase.n && (phrase.p[i] | 32) >= 'a' && (phrase.p[i] | 32) <= 'z') i++;
        if (i > from) {
            int w = bip39_word(slice_of(phrase.p + from, i - from));
            if (w < 0 || n == 24) return false;
            for (size_t b = 0; b < 11; b++)
                if (w >> (10 - b) & 1) bits[(n * 11 + b) / 8] |= (uint8_t)(0x80u >> (n * 11 + b) % 8);
            n++;
        } else i++;
    }
    if (n < 12 || n % 3) return false;
    size_t entropy = n * 11 * 32 / 33 / 8, check = n / 3; /* bytes, bits */
    SHA256(bits, entropy, hash);
    uint8_t mask = (uint8_t)(0xFF00u >> check);
    return (bits[entropy] & mask) == (hash[0] & mask);
}
