/* Four bytes that stand often in source text: counted over 48 MB of headers, Python, Perl, Go, JavaScript and
 * documentation of a Debian system, bit 0x20 of each byte set, "_" written for what it becomes. */
#include "literals.h"

static const char thousand[] =
    " if  the to codeeturing mentnameretuselfthe thistionturntype";
static const char half[] =
    "  if  re and cla com con for in  int is  not of  ret sel str thi use wit/nodableand ass=atioclascommcompconsctio"
    "defiefinelf.ent errofilefinefor funchis httpine ion ionslassmplenodenot nst onstportptioringrrorsionspanss=\"ssl_"
    "striter testtrinurn valuwith";
static const char quarter[] =
    "  co  de  se  th <co are as  be  by  can cha def err fil fro fun hre it  let mod nam or  par pro res sta tha typ"
    " uin val#def(htt(sel, co.com//gi/com/git/spa</co</sp<a h<spa_sk__typa hrall alueame an cangeare atchatedaultb.co"
    "bjecble callcesscharcheccom/contcopycripd indatadef dejsdingdulee coe ine ise thed tef=\"ejs/eratersiettef thfaul"
    "formfromgithhat he che sheadheckhis.hrefhub.if (ightile in tinfoinstint inteith ithujectjs/nlanglatilettlf._lice"
    "linelistm/nommenmodumporn cln thnctinonenstanterobjeode ode/ode>odejodulof tom/nommeomplonteopenoptiormaort ossl"
    "packpan>paraparspathps:/readref=requriptrom rsioructs nos ths/noscrisignsingsizesl_cspecstatstrut thted terntext"
    "thattherthubtimetingtps:tructterttpsub.cuintunctuse verswritxsltype(";
static const char eighth[] =
    "  el  fo  in  my $se a s add all an  any arg cal cod cop dat dir dis els exp fal gen get has imp inc ins key lat"
    " len lib lic lin lis met my  new non num obj on  ope opt oth out pat per pre rea req run set sho sk_ sma spe sub"
    " sys tes tim tru und ver we  whe whi wil wor xml you\"hlj$sel(con(oss, an, in, th, ui.htm.org/cod/li>/pul:lan</li"
    "<cod<com<li>=\"hl_che_con_get_nam_set_stracheackaaddraderage alidallealloallyalseame,amesamplanceandlang=any appe"
    "aramargeargsariaarraarsease asn1ass at tate atinatoratteattrauthbackbaseboolbuffbuilbutebytecachcan casecatecati"
    "censceptcertchanckagcludconfcreactord byd thd todatede/cde/pded defadentder descdirediste ane dee fie foe lie of"
    "e ree ske ste toe use(ske/coe/pueadeeateeck_ect ectiectoed aed bed iefauelf,elf-elseemenenamenceencoendeenerengt"
    "enseenssent>entientrentsequeequier tere ernaerr ers ervees aes tescress est esulethoevenexceext extefalsfferflag"
    "freeg thgeneget_ght handhanghar havehe fhe lhe phe rhe then her herehljshtmlibuticaticenif tifieilesill implimpo"
    "in cin sinclindeineding.ingsinitintpion.ion_ionairecis ais fis nis sis.#istritemiteritiok_tykagel lel:lal_chl_sk"
    "lagslatele ilemelengles lex(lf, lf->li><linkljs-llowloadlocalocklse ludelue mainmakemallmandmatcmberme, methmit/"
    "ml:lmmanmmitmodemy $n innce ncluncodnd tnderndexndlene sned neranew nfigng ang tng=\"ngthningnsslnt xnt, ntenntex"
    "ntptntrynts nullnumbo thocalocesoid ointommaommion tonalone onfionlyons operopyror aor tore otheouldoundourcout "
    "outpoverpacepan partpasspe(specipendpensplatplexpoinpresprinprocpropptr(pullpyriquesquirr thractrangrateratirato"
    "reamreatrectrentreseressresuriburighrintritermatrnalroceror s a s ans ars fos ins ofs res tos=\"hsafesagescalse t"
    "sed servset sk_tsl_ssmalsn1_sourspacssiostalstanstarstorstrestylsultsuppsysct bet int ist oft ret tot xmtabltal "
    "targtarttatetatitemptentterathodtin tiveto ato ttoretorytptrtputtractreatribtrueturetyleuestuffeuilduireuld ull/"
    "umbeumenunc undeurceusedust utpuvalivar ventvoidwhenwillwordworkxcepxml:xteny thyou ype yrigyscazero";

static bool stands_in(const char *sorted, size_t n, const uint8_t four[4])
{
    size_t low = 0, high = n / 4;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int way = memcmp(sorted + 4 * mid, four, 4);
        if (way == 0)
            return true;
        low = way < 0 ? mid + 1 : low;
        high = way < 0 ? high : mid;
    }
    return false;
}

float cu_gram_share(const uint8_t four[4])
{
    static const struct { const char *sorted; size_t n; float share; } ranks[] = {
        {thousand, sizeof thousand - 1, 1400}, {half, sizeof half - 1, 700}, {quarter, sizeof quarter - 1, 350},
        {eighth, sizeof eighth - 1, 175}};
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
        if (stands_in(ranks[i].sorted, ranks[i].n, four))
            return ranks[i].share;
    return 0;
}
